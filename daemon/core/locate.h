/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where nodes listen
 *
 * A node tells the first of its seeds that is up (its master) where it listens, and asks it where others do.
 */

#include "daemon/core/core.h"

/* Asks where that node listens; dial_located() is called when the answer is there. False: there is nobody to
 * ask; *ret_hope: there may be soon. */
bool locate_ask(Remote *remote, bool *ret_hope);
/* That node is up and, as we may have learned only now, a seed; or it has gone down. */
void locate_node_up(Remote *remote);
void locate_node_down(Remote *remote);

/* Requests: g_slave with a database, g_find, g_found; the cursor stands behind the tag. 0, -ENOMEM. */
int locate_slave(Remote *peer, CborCursor c);
int locate_find(Remote *peer, CborCursor c);
int locate_found(Remote *peer, CborCursor c);
