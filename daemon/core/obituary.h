/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why there is no such port
 *
 * Who spawns a port may watch it only after it died, or after it turned out that there is none. For a while
 * the reason is remembered and given instead of no_such_port.
 */

#include "daemon/core/core.h"

/* For everybody, or (`only`) for one watcher. Without memory: -ENOMEM. A reason that is too long is not
 * kept. */
int obituary_add(Node *node, const Watcher *only, Str name, const Reason *reason);
/* Is that port known to be dead, to everybody? */
bool obituary_is_there(Node *node, Str name);
/* If it is dead for that watcher: tells it why. */
bool obituary_tell(Node *node, Watcher *watcher, Str name);
void obituaries_free(Node *node);
