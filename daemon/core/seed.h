/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Seeds
 *
 * Addresses of nodes through which this one joins the network. Each address that a configured name resolves
 * to is a seed of its own. All of them are kept connected: tried at once, then with growing delays, for
 * ever.
 */

#include "daemon/core/core.h"

int seeds_new(Seeds **ret, Node *node, const char *const *addresses);
Seeds *seeds_free(Seeds *seeds);
void seeds_start(Seeds *seeds);
/* That node went down: if it is a seed it is tried again. */
void seeds_node_down(Seeds *seeds, Remote *remote);
/* Is it one of them? */
bool seeds_has(const Seeds *seeds, const Remote *remote);
/* The address of the seed that is that node, or NULL. */
const char *seeds_address(const Seeds *seeds, Str node_id);
/* May a seed still come up that isn't? */
bool seeds_hope(const Seeds *seeds);
/* Appends the array of maps for aempd::status. */
void seeds_describe(const Seeds *seeds, Buf *to);
