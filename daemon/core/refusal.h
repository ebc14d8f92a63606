/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Connections that were refused lately
 *
 * For operators: the last few, so that "why can't it join?" has its answer in aempd::status of either node.
 */

#include <stdint.h>

#include "wire/buf.h"

#define REFUSALS_MAX 8

typedef struct Refusal {
        char *node;    /* as it claims, or NULL */
        char *address; /* of the last one */
        char *text;
        uint64_t times; /* that this node was refused; without one, that source (source.h) */
        uint64_t last;  /* realtime */
} Refusal;

typedef struct Refusals {
        Refusal list[REFUSALS_MAX]; /* times == 0: none */
} Refusals;

/* All three are copied; node may be NULL. Without memory it is forgotten. */
void refusals_add(Refusals *refusals, const char *node, const char *address, const char *text, uint64_t now);
void refusals_deinit(Refusals *refusals);
/* Appends an array of maps, the latest first. */
void refusals_describe(const Refusals *refusals, Buf *to);
