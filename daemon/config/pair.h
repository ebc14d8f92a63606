/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pairs
 *
 * What belongs together in the text of a configuration: a name, its "=" and its value. Only scan.c asks.
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/config/scan.h"

#define DEPTH_MAX 16

/* A token. */
typedef struct Token {
        enum { TOKEN_OTHER, TOKEN_NAME, TOKEN_EQUALS, TOKEN_COMMA } type;
        const char *p;
        size_t n;
        unsigned line;
} Token;

/* A bracket that is open. */
typedef struct Open {
        char c;
        unsigned line;
} Open;

typedef struct Scan {
        const char *p;
        const char *end;
        unsigned line;
        Token last;
        bool secret; /* what comes now is its value, or may be meant so */
        Open open[DEPTH_MAX];
        size_t depth;
        size_t problems;
        ConfigScanFn fn;
        void *userdata;
} Scan;

__attribute__((format(printf, 3, 4))) void scan_problem(Scan *scan, unsigned line, const char *format, ...);

/* n octets of the text, for people: how many of them, and what. */
#define SHOWN(scan, p, n) (scan)->secret ? 3 : (int) ((n) < 64 ? (n) : 64), (scan)->secret ? "..." : (p)

/* The token that comes after scan->last. */
void pair_check(Scan *scan, Token *token);
