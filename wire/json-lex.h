/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The words of JSON, as its readers and writers here share them
 */

#include <stdbool.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/cbor.h"

static inline bool json_is_space(uint8_t c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Appends the text of a map's key, in repaired UTF-8 and without quotes: what is no string gives its JSON
 * text. Of arrays and maps that are keys within such a key there is only the outermost pair of brackets:
 * quoting what is quoted already doubles the backslashes, level by level. 0, -ENOMEM, -EBADMSG. */
int json_key_from_cbor(CborCursor *c, Buf *to);
