/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations: what aempctl asks
 */

#include "daemon/core/core.h"

bool admin_allowed(const Node *node, const ClientCreds *creds);
/* Is there such an operation? */
bool admin_knows(Str tag);
/* Appends one item: the answer to aempd::status, ::nodes, ::clients. -ENOENT: no such operation. */
int admin_answer(Node *node, Str tag, Buf *to);

/* Of names and functions, so many are listed at most. */
#define ADMIN_LIST_MAX 1000

void admin_nodes(const Node *node, Buf *to);
void admin_clients(const Node *node, Buf *to);
