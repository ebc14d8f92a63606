/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * When a certificate expires
 */

#include <stdbool.h>

#include "ctl/human.h"

typedef struct json_t json_t;

typedef struct Expiry {
        double time;   /* Unix time */
        double starts; /* the same, when it is not valid before that; else 0 */
        long days;     /* left, rounded down; below 0: it has expired */
        bool is_known; /* else nothing of this means anything */
        bool is_near;  /* within 30 days, over, or not come yet */
} Expiry;

/* From the map that aempd has of a certificate; anything else: not known. */
Expiry expiry_of(const json_t *certificate);
/* "expires 2036-11-17 (3649 days)", "expired 2026-11-01", "not valid before 2026-11-01" */
Human expiry_text(const Expiry *expiry);
/* "12d", "expired" */
Human expiry_short(const Expiry *expiry);
