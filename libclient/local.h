/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this process sends to itself
 *
 * Messages to own ports, and requests to kill them, wait here for the next turn, in order. So do deaths that
 * somebody here watches.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libclient/content.h"
#include "libclient/death.h"
#include "wire/buf.h"
#include "wire/list.h"

typedef enum LocalKind {
        LOCAL_MESSAGE,
        LOCAL_KIL,
} LocalKind;

typedef struct Local {
        Buf waiting;
        Buf turn; /* being delivered */
        List deaths;
} Local;

void local_init(Local *local);
void local_deinit(Local *local);

int local_put(aemp *a, LocalKind kind, uint64_t number, const Content *content);
void local_death(aemp *a, Death *death);

bool local_is_empty(const Local *local);
/* Delivers what waits now; what that leads to waits for the turn after. */
void local_run(aemp *a);
