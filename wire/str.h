/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Strings that are borrowed
 *
 * A pointer and a length into somebody else's octets. Never terminated, may contain NUL, UTF-8 unless a
 * function says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Str {
        const char *p;
        size_t n;
} Str;

#define STR_NULL ((Str){NULL, 0})
#define STR_LIT(s) ((Str){"" s, sizeof(s) - 1})

static inline Str str_from(const char *s) {
        return (Str){s, s ? strlen(s) : 0};
}

static inline bool str_equal(Str a, Str b) {
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(Str a, const char *b) {
        return str_equal(a, str_from(b));
}

static inline bool str_starts_with(Str s, Str prefix) {
        return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}
