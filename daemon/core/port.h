/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A client's port that somebody watches
 */

#include "daemon/core/core.h"

struct LocalPort {
        MonSet mons;
        Client *owner;
        List by_owner;
        UT_hash_handle hh;
        size_t name_len;
        char name[];
};

/* Watches the port; the client is asked to tell of its death. A port that can't exist is answered at once.
 * As mon_add(), and -ENOENT. */
int port_watch(Node *node, Str name, Watcher *watcher);
void port_unwatch(Node *node, Str name, Watcher *watcher);
/* Its owner says that it died. */
void port_died(Node *node, Str name, const Reason *reason);
/* The owner went: all its watched ports died. */
void port_owner_gone(Client *owner, const Reason *reason);

/* Tells a watcher that it ended; shared by all kinds of monitors of local ports. */
void port_tell(Node *node, Watcher *watcher, Str name, const Reason *reason);
/* The same for a port that does not exist: no_such_port. 0 or -ENOMEM. */
int port_tell_missing(Node *node, Watcher *watcher, Str name);
