/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * UTF-8 (RFC 3629), and what to do about octets that are not
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/str.h"

#define UTF8_MAX 4
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Length of the character at p (p < end). When there is none, *ret_valid is false and the length that of
 * what one U+FFFD stands for: the longest start of a character, as Unicode recommends. */
size_t utf8_step(const uint8_t *p, const uint8_t *end, bool *ret_valid);
/* Octets from p on that are ASCII, at least. */
size_t utf8_ascii_prefix(const uint8_t *p, size_t n);
/* Octets from p on that are well-formed. */
size_t utf8_valid_prefix(const uint8_t *p, size_t n);
/* Writes a scalar value, returns its length. */
size_t utf8_encode(uint8_t to[UTF8_MAX], uint32_t c);
/* Appends s, repaired. */
void utf8_put(Buf *to, Str s);
/* Octets that utf8_put() would append. */
size_t utf8_repaired_len(Str s);
