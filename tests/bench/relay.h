/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The bare relay
 *
 * The least that any daemon in the way has to do, to measure aempd against: it takes frames (a length of 4
 * octets in network order, then as many octets) from one side and copies each to the output of the other
 * one.
 */

#include "tests/bench/relay-tls.h"

#define RELAY_FRAME_MAX (64 * 1024)

/* Runs in a process of its own until it is killed. Its sides are the programs that connect to the listening
 * Unix socket: two of them at a time; or one, and the TCP socket `tcp_fd` to the next relay, when that is
 * not -1. With TLS on the latter, if `tls` is not NULL. */
_Noreturn void relay_run(int listen_fd, int tcp_fd, RelayTls *tls);
