/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemons between two programs
 *
 * One daemon, or two joined by TCP or TLS: bare relays or aempds. A rig stands as long as it is wanted;
 * talks come and go.
 */

#include <sys/types.h>

#define RIG_HOPS_MAX 2
#define RIG_PATH_MAX 100

/* What two daemons are joined by. */
typedef enum RigLink {
        RIG_LINK_PLAIN,
        RIG_LINK_JSON, /* bare relays: plain */
        RIG_LINK_TLS,
        RIG_LINKS,
} RigLink;

/* What rigs are made of. */
typedef struct RigParts {
        const char *dir;   /* for files */
        const char *pem;   /* key and certificate, for TLS */
        const char *aempd; /* the binary */
} RigParts;

typedef struct Rig {
        int hops;
        pid_t pid[RIG_HOPS_MAX];
        char path[RIG_HOPS_MAX][RIG_PATH_MAX]; /* the daemons' sockets */
} Rig;

/* Where the programs attach: which 0 or 1. */
const char *rig_path(const Rig *rig, int which);

/* Errors end the process. */
void rig_start_relays(Rig *rig, const RigParts *parts, int hops, RigLink link);
void rig_start_aempds(Rig *rig, const RigParts *parts, int hops, RigLink link);
void rig_stop(Rig *rig);

void rig_pin(const Rig *rig, int cpu);
/* CPU seconds of all its daemons so far. */
double rig_cpu(const Rig *rig);
