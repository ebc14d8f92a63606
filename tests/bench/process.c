/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/process.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t process_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000000ULL + (uint64_t) ts.tv_nsec;
}

void process_pin(pid_t pid, int cpu) {
        cpu_set_t set;

        CPU_ZERO(&set);
        for (int i = 0; i < CPU_SETSIZE; i++)
                if (cpu < 0 || i == cpu)
                        CPU_SET(i, &set);

        if (sched_setaffinity(pid, sizeof(set), &set) < 0)
                err(1, "sched_setaffinity");
}

double process_cpu(pid_t pid) {
        struct timespec ts;
        clockid_t clock;

        if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
                errx(1, "process %d is gone", (int) pid);

        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

long process_memory(pid_t pid, const char *field) {
        char path[64], line[256];
        size_t n = strlen(field);
        long kib = -1;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", (int) pid);
        f = fopen(path, "re");
        if (!f)
                err(1, "%s", path);

        while (fgets(line, sizeof(line), f))
                if (strncmp(line, field, n) == 0 && line[n] == ':' && sscanf(line + n + 1, "%ld", &kib) == 1)
                        break;
        (void) fclose(f);

        if (kib < 0)
                errx(1, "%s has no %s", path, field);
        return kib;
}

void process_dies_with_parent(void) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static double seconds(const struct timeval *tv) {
        return (double) tv->tv_sec + (double) tv->tv_usec / 1e6;
}

static void child_ended(Child *child, int status, const struct rusage *usage) {
        child->over = true;
        child->status = status;
        child->cpu = seconds(&usage->ru_utime) + seconds(&usage->ru_stime);
}

int child_wait_first(Child *children, int n) {
        for (;;) {
                struct rusage usage;
                int status;
                pid_t pid = wait4(-1, &status, 0, &usage);

                if (pid < 0)
                        err(1, "wait4");
                for (int i = 0; i < n; i++)
                        if (children[i].pid == pid) {
                                child_ended(&children[i], status, &usage);
                                return i;
                        }

                errx(1, "a daemon ended (status %#x)", (unsigned) status);
        }
}

int child_result(const Child *child) {
        if (WIFSIGNALED(child->status))
                warnx("a program died of SIG%s", sigabbrev_np(WTERMSIG(child->status)));

        return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0 ? 0 : -ECHILD;
}

void child_end(Child *child) {
        struct rusage usage;
        int status;

        if (child->over)
                return;

        (void) kill(child->pid, SIGKILL);
        if (wait4(child->pid, &status, 0, &usage) == child->pid)
                child_ended(child, status, &usage);
}
