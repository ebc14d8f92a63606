/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Well-known names
 *
 * A name under which a client made one of its ports known. The port is watched meanwhile, so that the name
 * goes when the port does.
 */

#include "daemon/core/core.h"

/* Registers the client's own port. -EINVAL: that is no name; -EADDRINUSE: it is another user's; -ENOSPC: its
 * user has too many; -ENOMEM. */
int name_register(Client *client, Str name, Str port);
/* The name is free again, if it is this client's, or the client may take any. Another one of the same user
 * doesn't know that somebody took it over. */
void name_unregister(Client *client, Str name);
/* The port is about to go. */
Name *name_free(Name *name);

/* The port that is known as that; NULL: none. */
const LocalPort *name_find(Node *node, Str name);
/* A map of name to port ID. */
void names_describe(const Node *node, Buf *to);
