/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The words of JSON, as its readers and writers here share them
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wire/buf.h"
#include "wire/cbor.h"

static inline bool json_is_space(uint8_t c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Moves over octets of a string that are neither quote, backslash nor control character: over all of them
 * but the last few, eight at a time. */
static inline const uint8_t *json_skip_plain(const uint8_t *p, const uint8_t *end) {
        const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;

        for (uint64_t word; end - p >= 8; p += 8) {
                uint64_t quote, backslash;

                memcpy(&word, p, sizeof(word));
                quote = word ^ ones * '"';
                backslash = word ^ ones * '\\';
                /* The top bit of an octet becomes set when the octet is zero, or below 0x20 in the case of
                 * word. */
                if (((quote - ones) & ~quote & tops) | ((backslash - ones) & ~backslash & tops) |
                        ((word - ones * 0x20) & ~word & tops))
                        break;
        }

        return p;
}

/* Appends the text of a map's key, in repaired UTF-8 and without quotes: what is no string gives its JSON
 * text. Of arrays and maps that are keys within such a key there is only the outermost pair of brackets:
 * quoting what is quoted already doubles the backslashes, level by level. 0, -ENOMEM, -EBADMSG. */
int json_key_from_cbor(CborCursor *c, Buf *to);
