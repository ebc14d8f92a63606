/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Numbers as text
 *
 * The same in every locale.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/str.h"

/* Decimal digits only. False when it is something else, or above 2^64-1. */
bool number_read_uint(Str s, uint64_t *ret);
/* The value of a hex digit, or -1. */
static inline int number_hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';

        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
/* Octets that the number at s takes by the grammar of JSON, 0 when there is none. *ret_integer: no fraction,
 * no exponent. */
size_t number_span(Str s, bool *ret_integer);
/* The nearest double of text that number_span() took whole: 0 or -ENOMEM (of text longer than any number
 * needs). */
int number_read_double(Str s, double *ret);

#define NUMBER_TEXT_MAX 32
/* The fewest digits (15 to 17) that read back the same; v is finite. Returns the length, without a NUL. */
size_t number_write_double(char to[NUMBER_TEXT_MAX], double v);
size_t number_write_uint(char to[NUMBER_TEXT_MAX], uint64_t v);
/* -1 - v, as CBOR has it. */
size_t number_write_nint(char to[NUMBER_TEXT_MAX], uint64_t v);
