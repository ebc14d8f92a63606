/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Listeners
 *
 * IPv6 sockets take IPv6 only, so that both wildcards can be had at once and no address comes mapped.
 */

#include "daemon/net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/io/fd.h"
#include "daemon/log.h"

#define LISTEN_BACKLOG 512

static void on_accepted(void *userdata, int accepted, const struct sockaddr *from, socklen_t len) {
        Listener *listener = userdata;
        _cleanup_fd_ int fd = accepted;
        char text[ADDRESS_TEXT_MAX];
        Address peer;
        Stream *stream;
        int r;

        r = address_from_sockaddr(&peer, from, len);
        if (r < 0)
                return;

        r = node_accept(listener->node, address_to_text(&peer, text), &stream);
        if (r < 0) {
                if (!listener->busy)
                        log_warn("%s: connection turned away: %s", text,
                                r == -EBUSY ? "too many in their handshake, or too many that failed"
                                            : strerror(-r));
                listener->busy = true;
                return;
        }

        listener->busy = false;
        r = link_open(listener->links, stream, &fd);
        if (r < 0)
                stream_closed(stream, strerror(-r));
}

static int set_flag(int fd, int level, int option) {
        int on = 1;

        return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* A listening socket; the port that it got is put into the address. */
static int listening_socket(const Links *links, Address *address, int *ret_fd) {
        _cleanup_fd_ int fd = -1;
        Address bound = *address;
        int r;

        fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        r = set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
        if (r >= 0 && address->any.sa_family == AF_INET6)
                r = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
        if (r >= 0)
                r = links_set_options(links, fd);
        if (r < 0)
                return r;

        if (bind(fd, &address->any, address->len) < 0 || listen(fd, LISTEN_BACKLOG) < 0 ||
                getsockname(fd, &bound.any, &bound.len) < 0)
                return -errno;

        *address = bound;
        *ret_fd = fd_steal(&fd);
        return 0;
}

int listener_new(Listener **ret, Links *links, Node *node, const Address *address) {
        _cleanup_fd_ int fd = -1;
        char text[ADDRESS_TEXT_MAX];
        Listener *listener;
        int r;

        listener = malloc(sizeof(*listener));
        if (!listener)
                return -ENOMEM;

        *listener = (Listener){.links = links, .node = node, .address = *address};
        list_init(&listener->link);

        r = listening_socket(links, &listener->address, &fd);
        if (r >= 0)
                r = acceptor_new(&listener->acceptor, links->room->event, &fd,
                        address_to_text(&listener->address, text), on_accepted, listener);
        if (r < 0) {
                listener_free(listener);
                return r;
        }

        *ret = listener;
        return 0;
}

Listener *listener_free(Listener *listener) {
        if (!listener)
                return NULL;

        list_unlink(&listener->link);
        acceptor_free(listener->acceptor);
        free(listener);
        return NULL;
}
