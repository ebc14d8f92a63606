/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reasons
 *
 * Why something ended: the elements behind a `kil0`, as octets. None at all is a normal end. A Reason
 * borrows; a ReasonText holds one that is made here: an identifier, and texts for people.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/cbor.h"

typedef struct Reason {
        uint64_t n;
        const uint8_t *data;
        size_t len;
} Reason;

#define REASON_NORMAL ((Reason){0, NULL, 0})

/* Makes identifier and up to two texts (NULL: not there) anew in buf; the reason borrows them. Without
 * memory it is just `die`, so that a failure never looks like a normal end. */
Reason reason_make(Buf *buf, const char *id, const char *first, const char *second);

/* What is left of a request after its arguments. */
Reason reason_rest(CborCursor c, uint64_t n);
