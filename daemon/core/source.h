/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where connections come from
 *
 * Anybody may connect, and fail, as often as he likes. Both are charged to the address it came from (of IPv6
 * the /64, all of which anybody has): who fails again and again is not listened to for a while, and when
 * there is no room for another handshake it is made where most of them are.
 */

#include "daemon/core/core.h"

typedef struct Source Source;

int sources_new(Sources **ret, Node *node);
/* No connection is charged to any of them any more. */
Sources *sources_free(Sources *sources);

/* May another connection come in from that address? 0: *ret is to be charged with it; -EBUSY, -ENOMEM. May
 * end the handshake of another one. */
int source_admit(Node *node, const char *address, Source **ret);
/* Nothing came of what was admitted. */
void source_gc(Source *source);

/* That connection is in its handshake, and has proved nothing... */
void source_charge(Source *source, Conn *conn);
/* ...and now it is not any more, for whatever reason. Of one that is not charged: nothing. */
void source_release(Conn *conn);

/* While it is charged. Its handshake failed, by a fault of the other side: */
void source_failed(const Conn *conn);
/* It has proved who it is: nobody is charged with it any more. */
void source_verified(Conn *conn);

/* Do both addresses belong to the same source? */
bool source_same(const char *address, const char *other);
