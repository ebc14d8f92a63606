/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A client's port of which we have to know
 *
 * Because somebody watches it, because it has a well-known name, or because it was spawned: then its name
 * says nothing of whose it is.
 */

#include "daemon/core/core.h"

struct LocalPort {
        MonSet mons;
        Client *owner;
        List by_owner;
        Name *known_as; /* NULL: it has no well-known name */
        bool spawned;
        User *user;     /* who asked for it, then: either */
        Remote *asker;  /* or */
        uint64_t since; /* when */
        UT_hash_handle hh;
        size_t name_len;
        char name[];
};

static inline Str port_str(const LocalPort *port) {
        return (Str){port->name, port->name_len};
}

/* Whose port is it, or would it be? NULL: nobody's. */
Client *port_owner(Node *node, Str name);
/* NULL: it is none of which we have to know. */
LocalPort *port_find(Node *node, Str name);
/* One of its own ports: finds or makes it, and asks the client to watch it. */
int port_get(Client *owner, Str name, LocalPort **ret);
/* The owner is not asked anything. NULL without memory. */
LocalPort *port_new(Client *owner, Str name);
/* Appends its port ID, a string. */
void port_put_id(const LocalPort *port, Buf *to);
/* Frees it when there is no more reason to know of it, and tells the owner. */
void port_gc(LocalPort *port);

/* Watches the port; the client is asked to tell of its death. Of one that is known to be dead it is told at
 * once. As mon_add(), and -ENOENT. */
int port_watch(Node *node, Str name, Watcher *watcher);
void port_unwatch(Node *node, Str name, Watcher *watcher);
/* Its owner says that it died. */
void port_died(Node *node, Str name, const Reason *reason);
/* The owner went: all its ports died. */
void port_owner_gone(Client *owner, const Reason *reason);

/* Tells a watcher that it ended; shared by all kinds of monitors of local ports. */
void port_tell(Node *node, Watcher *watcher, Str name, const Reason *reason);
/* The same for a port that does not exist: no_such_port. 0 or -ENOMEM. */
int port_tell_missing(Node *node, Watcher *watcher, Str name);
