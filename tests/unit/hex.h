/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Octets written as hex, with spaces wherever they help
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"
#include "wire/str.h"

typedef struct Hex {
        uint8_t p[4096];
        size_t n;
} Hex;

static inline void hex_init(Hex *hex, const char *text) {
        unsigned octet;

        hex->n = 0;
        for (;; text += 2) {
                while (*text == ' ')
                        text++;
                if (!*text)
                        return;
                if (sscanf(text, "%2x", &octet) != 1 || !text[1] || hex->n == sizeof(hex->p))
                        test_fail(__FILE__, __LINE__, "not hex: %s", text);
                hex->p[hex->n++] = (uint8_t) octet;
        }
}

static inline Str hex_str(const Hex *hex) {
        return (Str){(const char *) hex->p, hex->n};
}

/* The same octets as written in hex. */
#define check_hex(s, text) \
        do { \
                Str _test_got = (s); \
                Hex _test_hex; \
\
                hex_init(&_test_hex, text); \
                test_check_mem(__FILE__, __LINE__, _test_got.p, _test_got.n, _test_hex.p, _test_hex.n); \
        } while (0)
