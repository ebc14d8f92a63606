/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The local side of a node
 *
 * Owns the attach socket and the connections of the processes that attached.
 */

#include "daemon/core/node.h"
#include "daemon/io/pump.h"

typedef struct Local Local;

typedef struct LocalConfig {
        const char *socket;
        mode_t mode;
        gid_t group;     /* -1: that of the process */
        bool group_must; /* an error if it can't be set */
} LocalConfig;

int local_new(Local **ret, PumpRoom *room, Node *node);
Local *local_free(Local *local);

/* Begins to listen. An error was logged. */
int local_open(Local *local, const LocalConfig *config);
