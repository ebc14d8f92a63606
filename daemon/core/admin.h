/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations: what aempctl asks
 */

#include "daemon/core/core.h"

bool admin_allowed(const Node *node, const ClientCreds *creds);
/* Appends one item: the answer to aempd::status, aempd::nodes, aempd::clients. -ENOENT: no such operation.
 */
int admin_answer(Node *node, Str tag, Buf *to);
