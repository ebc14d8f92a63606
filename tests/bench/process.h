/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Processes under measurement
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* CLOCK_MONOTONIC, ns. */
uint64_t process_now(void);
/* All of its threads to that CPU; -1: to all there are. pid 0 is the own process. */
void process_pin(pid_t pid, int cpu);
/* CPU seconds that it has used. */
double process_cpu(pid_t pid);
/* KiB, of /proc/PID/status: "RssAnon", "VmRSS". */
long process_memory(pid_t pid, const char *field);
/* For a child: gets SIGKILL when its parent ends. */
void process_dies_with_parent(void);

typedef struct Child {
        pid_t pid;
        bool over;
        int status; /* as wait() has it */
        double cpu; /* seconds that it had used when it was over */
} Child;

/* Waits until one of n has ended; returns which. */
int child_wait_first(Child *children, int n);
/* Of one that is over: 0, or -ECHILD; of a signal it says so. */
int child_result(const Child *child);
/* Kills it if it is still there. */
void child_end(Child *child);
