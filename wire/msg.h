/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A message
 *
 * A view of one checked CBOR array: where it goes, and the elements after that as octets, which nobody needs
 * to understand in order to pass them on.
 */

#include <stdbool.h>

#include "wire/cbor.h"
#include "wire/queue.h"

typedef struct Msg {
        Str to;              /* first element, as UTF-8 */
        uint64_t n;          /* elements after it */
        const uint8_t *tail; /* these, back to back */
        size_t tail_len;
        bool odd; /* as CborScan.odd */
} Msg;

/* Reads the array p[0..len), which was checked. 1: here is a message; 0: the array is empty, nothing to do;
 * -EBADMSG: no array, or its first element can't name a port. Null as first element is the node port, as "".
 * The message borrows from p and, where its first element had to be converted, from scratch. */
int msg_parse(Msg *ret, const uint8_t *p, size_t len, Buf *scratch);

static inline CborCursor msg_cursor(const Msg *msg) {
        return cbor_cursor(msg->tail, msg->tail_len);
}

/* Octets that msg_write() would take at most. */
size_t msg_size_max(Str to, size_t tail_len);
/* Writes the message [to, tail...] at `out`; returns the octets written. */
size_t msg_write(uint8_t *out, Str to, uint64_t n, const uint8_t *tail, size_t tail_len);
/* ...and at the end of a queue: 0 or -ENOMEM. */
int msg_queue(Queue *queue, Str to, uint64_t n, const uint8_t *tail, size_t tail_len);
