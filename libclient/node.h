/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Nodes that are up
 *
 * Known only while somebody in this process watches them.
 */

#include <stdbool.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "libclient/table.h"
#include "wire/list.h"
#include "wire/str.h"

typedef struct Nodes {
        Table up;
        List slots;
        size_t watchers; /* slots */
        bool fresh;      /* a slot has yet to be told who is up */
} Nodes;

void nodes_init(Nodes *nodes);
void nodes_deinit(Nodes *nodes);

/* aempd said so. -ENOMEM. */
int nodes_report(aemp *a, Str node, bool up, const Content *reason);
/* aempd went away: all go down. / It is back. */
void nodes_detached(aemp *a, const Content *reason);
void nodes_attached(aemp *a);

/* Somebody wants to be told; else only who is up is known. */
bool nodes_have_callbacks(const aemp *a);
/* Tells new slots what others know. */
void nodes_run(aemp *a);
