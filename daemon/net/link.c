/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Links
 *
 * A connection that is idle is probed by the kernel after heartbeat_interval, one that has data under way
 * gives up after TCP_USER_TIMEOUT, which counts from the first retransmission. The core sends something at
 * least every heartbeat_interval, so a cut is noticed within heartbeat_interval + the time until that
 * retransmission + TCP_USER_TIMEOUT, which is monitor_timeout.
 *
 * The send buffer is set only where the limit of the system can be passed: a smaller one than wanted would
 * do harm, as it ends the kernel's own tuning.
 */

#include "daemon/net/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/io/fd.h"
#include "daemon/net/tls.h"

/* When the first one comes, after the octets: measured 0.4 s on a short way; more than that where the way is
 * long. */
#define RETRANSMISSION (500 * USEC_PER_MSEC)
/* However short the time between heartbeat_interval and monitor_timeout is, a packet may get lost. (And 0
 * would be the kernel's own time, a quarter of an hour.) */
#define USER_TIMEOUT_MIN (250 * USEC_PER_MSEC)
#define LINK_SNDBUF (4 * 1024 * 1024)

struct Link {
        Pump pump;
        Links *links;
        List all;

        /* while connecting */
        int fd;
        sd_event_source *source;
        int error;
};

void links_init(Links *links, PumpRoom *room) {
        *links = (Links){.room = room};
        list_init(&links->all);
}

static Link *link_free(Link *link) {
        list_unlink(&link->all);
        pump_deinit(&link->pump);
        sd_event_source_disable_unref(link->source);
        fd_close(link->fd);
        free(link);
        return NULL;
}

void links_deinit(Links *links) {
        LIST_FOREACH (i, &links->all)
                link_free(container_of(i, Link, all));
}

static void on_gone(Pump *pump) {
        link_free(container_of(pump, Link, pump));
}

static int on_filter(Pump *pump, PumpFilter **ret) {
        Link *link = container_of(pump, Link, pump);

        return tls_new(ret, link->links->certificate, pump->stream);
}

static int set_option(int fd, int level, int option, int value) {
        return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int at_least_one(uint64_t usec, uint64_t unit) {
        uint64_t n = usec / unit;

        return n < 1 ? 1 : n > 32767 ? 32767 : (int) n;
}

static uint64_t links_user_timeout(const Links *links) {
        uint64_t left = links->monitor_timeout - links->heartbeat_interval;
        uint64_t timeout = left - (left / 2 < RETRANSMISSION ? left / 2 : RETRANSMISSION);

        return timeout < USER_TIMEOUT_MIN ? USER_TIMEOUT_MIN : timeout;
}

int links_set_options(const Links *links, int fd) {
        uint64_t user_timeout = links_user_timeout(links);
        int interval = at_least_one(links->heartbeat_interval, USEC_PER_SEC);
        int probes = at_least_one(user_timeout, (uint64_t) interval * USEC_PER_SEC);
        const struct {
                int level, option, value;
        } options[] = {
                {IPPROTO_TCP, TCP_NODELAY, links->nodelay},
                {SOL_SOCKET, SO_KEEPALIVE, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, interval},
                {IPPROTO_TCP, TCP_KEEPINTVL, interval},
                {IPPROTO_TCP, TCP_KEEPCNT, probes > 127 ? 127 : probes},
                {IPPROTO_TCP, TCP_USER_TIMEOUT, (int) (user_timeout / USEC_PER_MSEC)},
        };

        (void) set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, LINK_SNDBUF);

        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
                int r = set_option(fd, options[i].level, options[i].option, options[i].value);

                if (r < 0)
                        return r;
        }

        return 0;
}

static int link_new(Link **ret, Links *links, Stream *stream) {
        Link *link = malloc(sizeof(*link));

        if (!link)
                return -ENOMEM;

        *link = (Link){.links = links, .fd = -1};
        pump_init(&link->pump, links->room, stream, on_gone);
        link->pump.filter_new = links->certificate ? on_filter : NULL;
        list_append(&links->all, &link->all);
        *ret = link;
        return 0;
}

int link_open(Links *links, Stream *stream, int *take_fd) {
        Link *link;
        int r;

        r = link_new(&link, links, stream);
        if (r < 0)
                return r;

        r = pump_start(&link->pump, take_fd);
        if (r < 0) {
                link_free(link);
                return r;
        }

        return 0;
}

static int on_failed(sd_event_source *source, void *userdata) {
        Link *link = userdata;

        pump_end(&link->pump, strerror(link->error));
        return 0;
}

/* How the attempt ended, as errno. A connection to a port of our own range that nobody listens on may meet
 * itself. */
static int connect_result(int fd, Address *ret_peer) {
        struct sockaddr_storage own = {}, peer = {};
        socklen_t own_len = sizeof(own), peer_len = sizeof(peer), len = sizeof(int);
        int error = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
                return errno;
        if (error)
                return error;
        if (getpeername(fd, (struct sockaddr *) &peer, &peer_len) < 0 ||
                getsockname(fd, (struct sockaddr *) &own, &own_len) < 0)
                return errno;
        if (own_len == peer_len && memcmp(&own, &peer, own_len) == 0)
                return ECONNREFUSED;

        return -address_from_sockaddr(ret_peer, (struct sockaddr *) &peer, peer_len);
}

static int on_connected(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Link *link = userdata;
        char text[ADDRESS_TEXT_MAX];
        Address peer;
        int r;

        r = connect_result(fd, &peer);
        if (r != 0) {
                pump_end(&link->pump, strerror(r));
                return 0;
        }

        link->source = sd_event_source_disable_unref(link->source);
        r = pump_start(&link->pump, &link->fd);
        if (r < 0) {
                pump_end(&link->pump, strerror(-r));
                return 0;
        }

        stream_connected(link->pump.stream, address_to_text(&peer, text));
        return 0;
}

/* 0 when on its way. */
static int link_start(Link *link, const Address *address) {
        int r;

        link->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (link->fd < 0)
                return -errno;

        r = links_set_options(link->links, link->fd);
        if (r < 0)
                return r;

        if (connect(link->fd, &address->any, address->len) < 0 && errno != EINPROGRESS)
                return -errno;

        return sd_event_add_io(
                link->links->room->event, &link->source, link->fd, EPOLLOUT, on_connected, link);
}

int link_connect(Links *links, Stream *stream, const Address *address) {
        Link *link;
        int r;

        r = link_new(&link, links, stream);
        if (r < 0)
                return r;

        r = link_start(link, address);
        if (r < 0) {
                link->error = -r;
                r = sd_event_add_defer(links->room->event, &link->source, on_failed, link);
        }

        if (r < 0) {
                stream->edge = NULL;
                link_free(link);
        }

        return r;
}
