/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Binds
 *
 * Where this node listens: from what the configuration says to sockets and the addresses announced to
 * others.
 */

#include "daemon/net/listener.h"
#include "daemon/net/resolver.h"

typedef struct Binds Binds;

/* Called once, in a later turn: 0 when all are open, or -errno when one could not be (it was logged). */
typedef void (*BindsFn)(void *userdata, int r);

int binds_new(Binds **ret, Links *links, Resolver *resolver, Node *node);
Binds *binds_free(Binds *binds);

/* NULL-terminated endpoints. 0, or -EINVAL, -ENOMEM at once. */
int binds_open(Binds *binds, const char *const *endpoints, BindsFn fn, void *userdata);

/* What to announce, NULL-terminated, strings and array the caller's. Asks the kernel anew which addresses
 * this host has. */
int binds_announced(const Binds *binds, char ***ret);
