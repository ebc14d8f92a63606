/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One connection for each pair of nodes
 *
 * Both ends may connect at once, and some peers have no rule for it: for these a connection is established
 * when they have verified our auth line, and the second one established throws out the first. So our auth
 * line must never be out on two:
 *
 *  - who connected sends its auth line at once; who accepted, after verifying that line
 *  - while our auth line is out on one connection with a node ID, others with that ID wait: closed when that
 * one is established, going on when it ends
 *  - if both ends are aempd, the larger node ID does not wait on a connection it accepted (else both would)
 *
 * A connection that comes while one is established is held until it is clear whether the other end is still
 * behind that one: a rebooted node must not stay out until its old connection is found dead.
 */

#include "daemon/core/conn.h"

/* The peer's greeting has been read, and its claim (conn->remote) is in place. */
void tie_greeted(Conn *conn);
/* Its auth line is verified. */
void tie_verified(Conn *conn);
/* It is established: the others with that node ID end. */
void tie_established(Conn *conn);
/* It ended, in whatever state; remote->conn and the like don't name it any more. */
void tie_ended(Remote *remote);
/* Octets came on the established one while another is held. */
void tie_alive(Conn *conn);
/* The established one's answer to the probe did not come. */
void tie_probe_timeout(Timer *timer);
