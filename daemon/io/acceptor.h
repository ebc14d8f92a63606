/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Accepting
 *
 * Takes connections from a listening socket, of whatever family.
 */

#include <sys/socket.h>
#include <systemd/sd-event.h>

typedef struct Acceptor Acceptor;

/* The fd is non-blocking, and the callee's now. */
typedef void (*AcceptorFn)(void *userdata, int fd, const struct sockaddr *peer, socklen_t len);

/* Takes the listening fd on success. `what` is its name in the log. */
int acceptor_new(
        Acceptor **ret, sd_event *event, int *take_fd, const char *what, AcceptorFn fn, void *userdata);
Acceptor *acceptor_free(Acceptor *acceptor);
