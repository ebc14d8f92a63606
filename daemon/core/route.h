/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The router
 */

#include "daemon/core/core.h"

/* Who sends: a client or a peer, the other is NULL. */
typedef struct Origin {
        Client *client;
        Remote *peer;
} Origin;

/* To a port ID, anywhere. -EINVAL: the ID is none; -EPERM: a request that only aempd itself may send to
 * another node's node port; -EDQUOT: the client talks to too many nodes; -ENOMEM; -ELOOP: a request within a
 * request within a request... Nothing else is an error: a message to nowhere is dropped and counted. */
int route(Node *node, const Origin *from, const Msg *msg);
/* To one of our own ports, or the node port: msg->to is the name. */
int route_local(Node *node, const Origin *from, const Msg *msg);
