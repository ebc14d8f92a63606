/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Listeners
 *
 * A TCP socket that other nodes connect to. What comes in is handed to the node.
 */

#include "daemon/io/acceptor.h"
#include "daemon/net/link.h"

typedef struct Listener {
        List link; /* for the owner */
        Links *links;
        Node *node;
        Address address; /* with its real port */
        Acceptor *acceptor;
        bool busy; /* the last connection was turned away */
} Listener;

int listener_new(Listener **ret, Links *links, Node *node, const Address *address);
Listener *listener_free(Listener *listener);
