/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Functions
 *
 * A name, and the clients that say they have it: the first of them is called, the others wait in line. A
 * name that ends in "::" stands for all that begin with it.
 */

#include "daemon/core/request.h"

/* Is that tag a function, and not a request of aempd's own? */
bool func_is_function(Str tag);
/* The client has that function, too. -EINVAL: that is no name of one; -EACCES: a name that is aempd's own;
 * -ENOSPC: its user has too many; -ENOMEM. */
int func_claim(Client *client, Str name);
/* No more. Nothing when it hadn't. */
void func_disclaim(Client *client, Str name);
void func_client_gone(Client *client);

/* Who is called; NULL: nobody. */
Client *func_find(Node *node, Str name);
/* Passes the request on. 1, or 0: nobody has that function. */
int func_call(Node *node, const Origin *from, const Request *request);

/* A map of name to who has it. */
void funcs_describe(const Node *node, Buf *to);
