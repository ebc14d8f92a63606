/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A death that somebody wants to know of
 *
 * A set of monitors, and what to tell them. It waits on a list until it may fire, since nothing happens
 * inside a call. A watched port of this process has one long before it dies: dying can't fail for want of
 * memory.
 */

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/list.h"
#include "wire/str.h"

typedef struct Death {
        List link;
        List mons;
        char *id;      /* of who died */
        uint8_t *copy; /* owns the reason's octets, or NULL */
        Content reason;
} Death;

int death_new(Death **ret, Str id);
Death *death_free(Death *death);

/* Without memory for a copy, the monitors will be told just that. */
void death_set_reason(Death *death, const Content *reason);

/* Runs the monitors, each with its own callback, and frees it. */
void death_fire(aemp *a, Death *death);
