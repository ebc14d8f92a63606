/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this process sends to itself
 *
 * Messages to own ports, and requests to kill them, wait here for the next turn, in order. So do deaths that
 * somebody here watches.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libclient/content.h"
#include "libclient/death.h"
#include "wire/buf.h"
#include "wire/list.h"

typedef enum LocalKind {
        LOCAL_MESSAGE,
        LOCAL_KIL,
        LOCAL_TAKEN, /* by local_take() */
} LocalKind;

typedef struct Local {
        Buf waiting;
        size_t front; /* what is before it was taken */
        size_t taken; /* octets in `waiting` */
        Buf turn;     /* being delivered */
        bool running; /* right now */
        bool reacts;  /* what waits may be a reaction to a death */
        List deaths;
} Local;

void local_init(Local *local);
void local_deinit(Local *local);

int local_put(aemp *a, LocalKind kind, uint64_t number, const Content *content);
void local_death(aemp *a, Death *death);

bool local_is_empty(const Local *local);
/* Something was told of a death, and what that led to waits. */
bool local_reacts(const Local *local);
/* Octets that wait. */
size_t local_size(const Local *local);
/* Delivers what waits now; what that leads to waits for the turn after. */
void local_run(aemp *a);

/* For those who wait: what is for this port, at *at or behind it. False: nothing. The content is valid until
 * more is put here. */
bool local_find(const Local *local, uint64_t number, size_t *at, LocalKind *ret_kind, Content *ret);
/* Behind what is there. */
size_t local_behind(const Local *local, size_t at);
/* Takes it out. */
void local_take(Local *local, size_t at);
