/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemons between two programs
 *
 * One daemon, or two joined by TCP: bare relays or aempds. A rig stands as long as it is wanted; talks come
 * and go.
 */

#include <sys/types.h>

#define RIG_HOPS_MAX 2
#define RIG_PATH_MAX 100

typedef struct Rig {
        int hops;
        pid_t pid[RIG_HOPS_MAX];
        char path[RIG_HOPS_MAX][RIG_PATH_MAX]; /* the daemons' sockets */
} Rig;

/* Where the programs attach: which 0 or 1. */
const char *rig_path(const Rig *rig, int which);

/* Files go to `dir`. Errors end the process. */
void rig_start_relays(Rig *rig, const char *dir, int hops);
void rig_start_aempds(Rig *rig, const char *dir, int hops, const char *aempd);
void rig_stop(Rig *rig);

void rig_pin(const Rig *rig, int cpu);
/* CPU seconds of all its daemons so far. */
double rig_cpu(const Rig *rig);
