/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where what is being handled came from
 *
 * aempd says so once for all that follows (`src`). It is true of what aempd hands on, and of nothing that
 * begins in this process.
 */

#include <stdbool.h>

#include "libclient/public.h"
#include "wire/id.h"
#include "wire/str.h"

typedef struct Origin {
        char node[NODE_ID_MAX + 1]; /* "": the own one */
        bool holds;                 /* what is being handled came from there */
} Origin;

/* aempd said so. */
void origin_set(aemp *a, Str node);
/* Around what came from another process: a message, a call, a spawn. */
void origin_enter(aemp *a);
void origin_leave(aemp *a);
