/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests to the node port
 *
 * Those that mean the same from everywhere; what only a peer or only a client may ask is in peer-request.c
 * and client-request.c.
 */

#include "daemon/core/route.h"

typedef struct Request {
        const Msg *msg; /* the whole: a call is passed on as it came */
        Str tag;
        CborCursor args; /* behind the tag */
        uint64_t n;      /* so many */
} Request;

/* Is this tag for aempd itself only, when it goes to another node's node port? */
bool request_is_internal(Str tag);

/* The next element as a string; null is the empty one for the second. 0, -EINVAL: it is none, -ENOMEM. */
int request_str(CborCursor *c, Buf *scratch, Str *ret);
int request_str_or_null(CborCursor *c, Buf *scratch, Str *ret);

/* 1: done; 0: no such request, and nobody has a function of that name; <0: could not be carried out (as
 * route(), and spawn_request()). */
int request_common(Node *node, const Origin *from, const Request *request);

/* Sends `n_results` elements to the reply address in c: [port ID, elements...]. Without one: nothing. */
int request_reply(
        Node *node, const Origin *from, CborCursor c, uint64_t n, const Buf *results, uint64_t n_results);

/* peer-request.c: a peer's message to our node port. */
void peer_request(Remote *peer, const Msg *msg);
/* client-request.c: is there a request of that name that only clients have? */
bool client_request_exists(Str tag);
