/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Nodes that are down and not answered for
 *
 * aempd says `down`, and drops what we send to that node until we answer. A monitor of ours may have been
 * under way when it said so: its `kil0` is still to come, behind `down`. If we answered before, what is sent
 * next would arrive while what was sent under that monitor is lost, and nobody here knows it yet. So the
 * answer waits for these, and what is sent to the node meanwhile waits for the answer.
 */

#include <stdbool.h>
#include <stddef.h>

#include "libclient/public.h"
#include "wire/list.h"
#include "wire/queue.h"
#include "wire/str.h"

typedef struct Held {
        List nodes;
        size_t waiting; /* octets that wait for an answer */
} Held;

void held_init(Held *held);
/* aempd is gone: nothing waits any more. */
void held_clear(Held *held);

/* `down`: answers, or waits for the monitors whose `kil0`s are to come. */
void held_down(aemp *a, Str node);
/* `down` came, and is not answered. */
bool held_is(aemp *a, Str node);
/* A `kil0` with that ID would be one of those. */
bool held_expects(aemp *a, Str id);
/* A `kil0` came. True: it was one of those, for a monitor from before. held_settle() afterwards. */
bool held_take(aemp *a, Str id);
/* Answers for nodes that wait for nothing more. */
void held_settle(aemp *a);

/* Where what goes to that port or node has to be put: out, or behind an answer. */
Queue *held_outlet(aemp *a, Str id);
/* n octets were put there. */
void held_put(aemp *a, Queue *outlet, size_t n);
