/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A user of this host
 *
 * What the clients of one uid have together, so that one user's programs leave room for those of others. It
 * is there as long as something is charged to it.
 */

#include "daemon/core/core.h"

struct User {
        Node *node;
        UT_hash_handle hh;
        uid_t uid;
        unsigned n_clients; /* attached, or about to */
        unsigned n_names;   /* well-known names, and functions */
        unsigned n_spawned; /* live ports here that its clients asked for */
        size_t unsent;      /* octets that wait for nodes that are not up: charge.h */
        List stalled;       /* its clients that are not read from because of these */
};

/* Root and the daemon's own uid: only the totals are a limit for them. */
bool user_is_privileged(const Node *node, uid_t uid);

/* Finds or makes it; NULL without memory. */
User *user_get(Node *node, uid_t uid);
/* Frees it when nothing is charged to it. */
void user_gc(User *user);

/* May it have one more? `max` is each user's share, 0: there is no limit. */
bool user_has_room(const User *user, unsigned used, unsigned max);
/* Of max_clients, so many at most are one user's. */
unsigned user_clients_max(const Node *node);
