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

/* Appends identifier, and up to two texts (NULL: not there) to buf and returns the reason that borrows them.
 * Without memory: the normal one never stands in for another; the identifier is dropped last, see the code.
 */
Reason reason_make(Buf *buf, const char *id, const char *first, const char *second);

/* What is left of a request after its arguments. */
Reason reason_rest(CborCursor c, uint64_t n);

/* "transport_error host2 Connection reset by peer", for a log line: its strings, as far as they fit into n
 * octets. */
void reason_describe(const Reason *reason, char *to, size_t n);
