/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What somebody may have meant
 */

#include <stddef.h>

typedef struct Like {
        const char *name;
        const char *best; /* the candidate, or NULL if none is near enough */
        size_t least;
} Like;

Like like_init(const char *name);
/* One more candidate; of several that are as near, the first stays. */
void like_try(Like *like, const char *candidate);
