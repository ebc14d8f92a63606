/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What somebody may have meant
 */

#include "daemon/config/like.h"

#include <string.h>

#define LIKE_MAX 32

static size_t min3(size_t a, size_t b, size_t c) {
        size_t ab = a < b ? a : b;

        return ab < c ? ab : c;
}

/* Insertions, deletions and replacements between two names (Levenshtein). */
static size_t distance(const char *a, const char *b) {
        size_t row[LIKE_MAX + 1], n = strlen(b);

        for (size_t j = 0; j <= n; j++)
                row[j] = j;

        for (size_t i = 1; a[i - 1]; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        size_t above = row[j];

                        row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                }
        }

        return row[n];
}

Like like_init(const char *name) {
        return (Like){.name = name, .least = strlen(name) / 3 + 1};
}

void like_try(Like *like, const char *candidate) {
        size_t d;

        if (strlen(like->name) > LIKE_MAX || strlen(candidate) > LIKE_MAX)
                return;

        d = distance(like->name, candidate);
        if (d <= like->least && d < strlen(like->name) && (!like->best || d < like->least)) {
                like->best = candidate;
                like->least = d;
        }
}
