/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests to the node port
 *
 * Those that mean the same from everywhere; what only a peer or only a client may ask is in peer-request.c
 * and client-request.c.
 */

#include "daemon/core/route.h"

/* Is this tag for aempd itself only, when it goes to another node's node port? */
bool request_is_internal(Str tag);

/* 1: done; 0: no such request; <0: could not be carried out (as route()). c stands behind the tag, n
 * elements follow. */
int request_common(Node *node, const Origin *from, Str tag, CborCursor c, uint64_t n);

/* Sends `n_results` elements to the reply address in c: [port ID, elements...]. Without one: nothing. */
int request_reply(
        Node *node, const Origin *from, CborCursor c, uint64_t n, const Buf *results, uint64_t n_results);

/* peer-request.c: a peer's message to our node port. */
void peer_request(Remote *peer, const Msg *msg);
