/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Connecting to a node
 *
 * Where it listens is known, or asked of a seed; its addresses are tried in order, one more every interval
 * or as soon as one failed, until one of them is through its handshake.
 */

#include "daemon/core/core.h"

/* What a connection that we make is for. */
typedef struct Attempt Attempt;
struct Attempt {
        List link; /* in the asker's list */
        Conn *conn;
        /* The other end turned out to be that node (NULL: ourselves). */
        void (*greeted)(Attempt *attempt, Remote *remote);
        /* It was established, or failed (why: not NULL). Last call: frees the attempt. */
        void (*done)(Attempt *attempt, const char *why);
};

typedef struct Dial Dial;

int dial_new(Dial **ret, Remote *remote);
Dial *dial_free(Dial *dial);
/* The answer to where it listens came: remote->binds, or nobody knows. */
void dial_located(Dial *dial, bool known);
/* It was in vain: the last address, or the name, of which we know why. NULL: there was none. */
const char *dial_failed_at(const Dial *dial);
/* A connection with that node ended in its handshake. */
void dial_handshake_ended(Dial *dial);
/* There is somebody (else) to ask now. */
void dial_ask_again(Dial *dial);
