/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * CBOR as jansson values
 *
 * For programs, in the library and its tools; nothing on aempd's message path links this. Same mapping as
 * wire/json.h.
 */

#include <jansson.h>

#include "wire/buf.h"
#include "wire/cbor.h"

/* Appends the value; -EINVAL for NULL, -ELOOP, -ENOMEM (in the sticky error too). */
int value_to_cbor(json_t *value, Buf *to);
/* Takes one checked item from the cursor: a new reference. Integers above 2^63-1 become reals. -ENOMEM,
 * -EBADMSG. */
int value_from_cbor(CborCursor *c, json_t **ret);
