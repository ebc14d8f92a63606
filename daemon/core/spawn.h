/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Spawned ports
 *
 * Made for a function's client, under a name that the caller chose. They are entries of the port table for
 * as long as they live, and charged to who asked for them, a user or a peer.
 */

#include "daemon/core/request.h"

/* The request _spawn. -EINVAL: not of its form; -EEXIST: the name is taken; -ESRCH: nobody has the function;
 * -EUSERS: too many for who asks; then its monitors of that name fire, or will; -ENOMEM. */
int spawn_request(Node *node, const Origin *from, const Request *request);

/* A spawned port is over. */
void spawn_over(LocalPort *port, const Reason *reason);
/* ...and its entry goes. */
void spawn_release(LocalPort *port);
