/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An aempd to be measured
 */

#include <stdint.h>
#include <sys/types.h>

typedef struct Daemon {
        const char *binary;
        const char *dir;
        const char *settings; /* more lines for the configuration, or NULL */
        /* of the one that was started last */
        pid_t pid;
        uint16_t port; /* 0 before the first: this one becomes the seed of the next */
        char path[100];
} Daemon;

/* Starts one with that node ID and a secret, and waits until it is ready. Errors end the process. */
void daemon_start(Daemon *daemon, const char *node);
