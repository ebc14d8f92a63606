/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who put what waits for a node
 *
 * Octets in the queue of a node that is not up are charged to the user whose client sent them, or to the
 * peer that relayed them, until they are on a connection or lost. A user above the limit is not read from; a
 * peer can't be stopped without stopping all that it sends, so the attempt to connect ends, and everyone
 * concerned is told.
 */

#include "daemon/core/core.h"

/* So many octets came into remote->unsent, for the client or peer whose message is being handled. 0 or
 * -ENOMEM. */
int charge_unsent(Remote *remote, size_t octets);
/* They are out of it. */
void charges_release(Remote *remote);
