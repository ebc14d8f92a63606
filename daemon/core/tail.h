/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A message of our own
 *
 * Its elements are appended one by one; then it is handed on as a Msg. One of them is reused for all: what
 * is built is sent before the next is begun.
 */

#include "daemon/core/reason.h"
#include "wire/msg.h"

typedef struct Tail {
        Buf buf;
        Buf id;
        uint64_t n;
        bool odd; /* has elements of somebody else's, which a Perl peer may be unable to decode */
} Tail;

void tail_deinit(Tail *tail);

/* Starts over. `tag` is the first element; NULL: none yet. */
void tail_begin(Tail *tail, const char *tag);
void tail_str(Tail *tail, Str s);
void tail_null(Tail *tail);
void tail_bool(Tail *tail, bool v);
/* "node#port"; "node" for its node port. */
void tail_port_id(Tail *tail, Str node, Str port);
void tail_reason(Tail *tail, const Reason *reason);
/* n elements as octets. */
void tail_octets(Tail *tail, const uint8_t *p, size_t len, uint64_t n);

/* The message to that port; borrows. */
Msg tail_msg(const Tail *tail, Str to);
