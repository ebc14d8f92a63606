/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON (RFC 8259) at the edge of a CBOR world
 *
 * Nothing here builds a tree. JsonSplit finds the end of an array in a stream at any chunk boundary;
 * json_to_cbor() checks and converts it; json_from_cbor() converts back, totally: whatever CBOR says has
 * some JSON.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"

typedef struct JsonSplit {
        size_t max;  /* largest text accepted, in octets */
        size_t used; /* octets of it so far */
        unsigned depth;
        bool string; /* within a string */
        bool escape; /* right after a backslash within one */
} JsonSplit;

void json_split_init(JsonSplit *split, size_t max);
/* Feeds octets. 1: a text (array or object) is complete, *ret_used octets of these belong to it; 0: all n
 * belong to it, or are white space before it; -EBADMSG: something other than an array, an object or white
 * space between texts; -ELOOP: deeper than CBOR_DEPTH_MAX; -EMSGSIZE. White space before a text
 * (split->depth still 0 afterwards) need not be kept. */
int json_split(JsonSplit *split, const uint8_t *p, size_t n, size_t *ret_used);

/* Appends the CBOR of one JSON text. Strings become text strings, integers of up to 64 bits integers, other
 * numbers doubles. Bare inf, -inf, nan (any case, also "infinity") become null. Lone surrogate escapes and
 * invalid UTF-8 become U+FFFD; of a key given twice both are passed on. -EBADMSG when malformed (unescaped
 * control characters included) or when something but white space follows it, -ELOOP, -ENOMEM, -EMSGSIZE from
 * 4 GiB on. */
int json_to_cbor(const uint8_t *p, size_t n, Buf *to);

/* Appends the JSON of one checked CBOR item. Byte strings become text with the characters 0 to 255; NaN,
 * infinities, undefined, unknown simple values become null; tags go; map keys become strings, null the empty
 * one, those that are arrays or maps their JSON text; invalid UTF-8 becomes U+FFFD. Doubles have the fewest
 * digits (15 to 17) that read back the same. No white space. -ENOMEM only. */
int json_from_cbor(const uint8_t *p, size_t n, Buf *to);
