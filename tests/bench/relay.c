/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The bare relay
 *
 * Built as a fast daemon is: sd-event, at most 64 KiB read a turn, frame by frame copied to the output, one
 * write a turn, EPOLLOUT only after a short write. A side is not read from while the other one is full or
 * absent, so an output is empty whenever something is read for it, and a buffer as large as the input's is
 * enough.
 */

#include "tests/bench/relay.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tests/bench/sock.h"

#define READ_MAX (64 * 1024)
#define BUFFER_MAX (READ_MAX + 16 * 1024 + RELAY_FRAME_MAX + 4) /* part of a record may wait in TLS */

typedef struct Side {
        struct Side *other;
        sd_event_source *source; /* NULL: nobody is there */
        int fd;
        uint32_t events;
        RelayTls *tls;          /* NULL: none */
        uint8_t in[BUFFER_MAX]; /* begins with what is left of a frame that was cut */
        size_t in_len;
        uint8_t out[BUFFER_MAX];
        size_t out_len;
        size_t out_at; /* so much of it was written */
} Side;

typedef struct Relay {
        sd_event *event;
        Side side[2];
} Relay;

static void side_arm(Side *side) {
        uint32_t events = 0;
        int r;

        if (!side->source)
                return;

        if (side->other->source && side->other->out_len == 0)
                events |= EPOLLIN;
        if (side->out_len > 0)
                events |= EPOLLOUT;
        if (events == side->events)
                return;

        r = sd_event_source_set_io_events(side->source, events);
        if (r < 0)
                errx(1, "relay: %s", strerror(-r));
        side->events = events;
}

static void side_gone(Side *side) {
        side->source = sd_event_source_disable_unref(side->source);
        (void) close(side->fd);
        side->in_len = side->out_len = side->out_at = 0;
        side_arm(side->other);
}

/* The output, as it goes to the socket. */
static size_t side_pending(Side *side, const uint8_t **ret) {
        if (side->tls)
                return relay_tls_pending(side->tls, ret);

        *ret = side->out + side->out_at;
        return side->out_len - side->out_at;
}

static void side_write(Side *side) {
        const uint8_t *p;
        size_t left = side_pending(side, &p);
        ssize_t n;

        n = write(side->fd, p, left);
        if (n < 0 && errno != EAGAIN) {
                side_gone(side);
                return;
        }

        n = n < 0 ? 0 : n;
        if (side->tls)
                relay_tls_written(side->tls, (size_t) n);
        side->out_at += (size_t) n;
        if ((size_t) n == left)
                side->out_at = side->out_len = 0;

        side_arm(side);
        side_arm(side->other);
}

/* Copies all whole frames to the other side. */
static void side_forward(Side *side) {
        Side *to = side->other;
        const uint8_t *p = side->in, *end = side->in + side->in_len;

        while (end - p >= 4) {
                size_t n = 4 + sock_frame_len(p);

                if (n > RELAY_FRAME_MAX + 4)
                        errx(1, "relay: a frame of %zu octets", n);
                if ((size_t) (end - p) < n)
                        break;

                memcpy(to->out + to->out_len, p, n);
                to->out_len += n;
                p += n;
        }

        side->in_len = (size_t) (end - p);
        memmove(side->in, p, side->in_len);
}

/* Reads once. What read() returns, but for TLS: what came out of it, -1 with EAGAIN when that is nothing. */
static ssize_t side_read(Side *side) {
        static uint8_t sealed[READ_MAX];
        ssize_t n;

        if (!side->tls)
                return read(side->fd, side->in + side->in_len, READ_MAX);

        n = read(side->fd, sealed, sizeof(sealed));
        if (n <= 0)
                return n;

        n = (ssize_t) relay_tls_open(
                side->tls, side->in + side->in_len, sizeof(side->in) - side->in_len, sealed, (size_t) n);
        errno = EAGAIN;
        return n > 0 ? n : -1;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Side *side = userdata;
        ssize_t n;

        if (revents & EPOLLOUT) {
                side_write(side);
                if (!side->source)
                        return 0;
        }

        if (!(revents & ~(uint32_t) EPOLLOUT))
                return 0;
        if (!(side->events & EPOLLIN)) {
                if (revents & (EPOLLHUP | EPOLLERR))
                        side_gone(side);
                return 0;
        }

        n = side_read(side);
        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n <= 0) {
                side_gone(side);
                return 0;
        }

        side->in_len += (size_t) n;
        side_forward(side);
        if (side->other->tls && side->other->out_len > 0)
                relay_tls_seal(side->other->tls, side->other->out, side->other->out_len);
        if (side->other->out_len > 0)
                side_write(side->other);

        return 0;
}

static void side_start(Relay *relay, Side *side, int fd) {
        int r;

        sock_prepare(fd, /* nonblocking= */ true);
        side->fd = fd;
        side->events = 0;
        r = sd_event_add_io(relay->event, &side->source, fd, 0, on_io, side);
        if (r < 0)
                errx(1, "relay: %s", strerror(-r));

        side_arm(side);
        side_arm(side->other);
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Relay *relay = userdata;
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        if (client < 0)
                return 0;

        for (int i = 0; i < 2; i++)
                if (!relay->side[i].source) {
                        side_start(relay, &relay->side[i], client);
                        return 0;
                }

        errx(1, "relay: both sides are taken");
}

void relay_run(int listen_fd, int tcp_fd, RelayTls *tls) {
        sd_event_source *source;
        Relay *relay;
        int r;

        relay = calloc(1, sizeof(*relay));
        if (!relay)
                err(1, "relay");
        relay->side[0].other = &relay->side[1];
        relay->side[1].other = &relay->side[0];

        r = sd_event_new(&relay->event);
        if (r >= 0)
                r = sd_event_add_io(relay->event, &source, listen_fd, EPOLLIN, on_accept, relay);
        /* whoever left makes room first */
        if (r >= 0)
                r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                errx(1, "relay: %s", strerror(-r));

        relay->side[1].tls = tls;
        if (tcp_fd >= 0)
                side_start(relay, &relay->side[1], tcp_fd);

        r = sd_event_loop(relay->event);
        errx(1, "relay: %s", strerror(-r));
}
