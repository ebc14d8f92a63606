/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets between a socket and the core
 *
 * One read a turn, into a buffer that all share; a short read is the end of it, without asking the kernel
 * again for EAGAIN. Output waits for the end of the turn, EPOLLOUT is asked for only after a short write.
 *
 * The last words of the other side are worth waiting for. After a failed write nothing more can be said, so
 * the socket is shut down, and what is still there to be read is read, until the kernel has no more. A
 * stream that the core closes is different in one thing only: somebody who never stops sending must not keep
 * it, so it reads no more than what had arrived at that moment.
 */

#include "daemon/io/pump.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "daemon/io/fd.h"

/* Chunks written at once. */
#define PUMP_IOV_MAX 64

void pump_init(Pump *pump, PumpRoom *room, Stream *stream, PumpGoneFn gone) {
        *pump = (Pump){.room = room, .stream = stream, .gone = gone, .fd = -1};
        stream->edge = pump;
}

void pump_deinit(Pump *pump) {
        pump->source = sd_event_source_disable_unref(pump->source);
        pump->fd = fd_close(pump->fd);
}

void pump_end(Pump *pump, const char *why) {
        Stream *stream = pump->stream;

        assert(stream);

        pump_deinit(pump);
        pump->stream = NULL;
        stream_closed(stream, why);
        pump->gone(pump);
}

static bool pump_is_writable(const Pump *pump) {
        return !pump->error && !pump->draining;
}

/* Not while paused; but what can't be written to any more is read to its end. */
static bool pump_is_reading(const Pump *pump) {
        return !pump->stream->paused || !pump_is_writable(pump);
}

/* Asks epoll for what is wanted now, if that is something else than before. */
static int pump_arm(Pump *pump) {
        uint32_t events = 0;
        int r;

        if (pump_is_reading(pump))
                events |= EPOLLIN;
        if (pump->full && pump_is_writable(pump))
                events |= EPOLLOUT;

        if (events == pump->events)
                return 0;

        r = sd_event_source_set_io_events(pump->source, events);
        if (r < 0)
                return r;

        pump->events = events;
        return 0;
}

static size_t iov_sum(const struct iovec *iov, int n) {
        size_t sum = 0;

        for (int i = 0; i < n; i++)
                sum += iov[i].iov_len;

        return sum;
}

/* Writes as much as the socket takes now. */
static void pump_write(Pump *pump) {
        Stream *stream = pump->stream;

        pump->full = false;

        while (stream->out.len > 0) {
                struct iovec iov[PUMP_IOV_MAX];
                int n = queue_iov(&stream->out, iov, PUMP_IOV_MAX);
                ssize_t k = writev(pump->fd, iov, n);

                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno == EAGAIN) {
                                pump->full = true;
                                return;
                        }

                        pump->error = errno;
                        (void) shutdown(pump->fd, SHUT_RDWR);
                        return;
                }

                pump->full = (size_t) k < iov_sum(iov, n);
                stream_sent(stream, (size_t) k);
                if (pump->full)
                        return;
        }
}

/* What ended it, when the kernel says no more than "end-of-file". */
static const char *pump_why(const Pump *pump) {
        return pump->error && pump->error != EPIPE ? strerror(pump->error) : "Unexpected end-of-file";
}

/* May end with gone(). */
static void pump_read(Pump *pump) {
        size_t max = PUMP_READ_MAX;
        ssize_t n;

        if (pump->draining && pump->left < max)
                max = pump->left;

        n = read(pump->fd, pump->room->octets, max);
        if (n > 0) {
                stream_input(pump->stream, pump->room->octets, (size_t) n);
                if (!pump->draining)
                        return;

                pump->left -= (size_t) n;
                if (pump->left == 0)
                        pump_end(pump, pump_why(pump));
        } else if (n == 0)
                pump_end(pump, pump_why(pump));
        else if (errno != EAGAIN && errno != EINTR)
                pump_end(pump, strerror(errno));
        else if (pump->draining)
                pump_end(pump, pump_why(pump));
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Pump *pump = userdata;
        uint32_t in = revents & ~(uint32_t) EPOLLOUT;

        if ((revents & EPOLLOUT) && pump_is_writable(pump)) {
                int r;

                pump_write(pump);
                r = pump_arm(pump);
                if (r < 0) {
                        pump_end(pump, strerror(-r));
                        return 0;
                }
        }

        /* Paused in this very turn, when the event had been reported already. A hang-up is never put off:
         * epoll would not stop telling. */
        if (in == EPOLLIN && !pump_is_reading(pump))
                return 0;

        if (in)
                pump_read(pump);

        return 0;
}

int pump_start(Pump *pump, int *take_fd) {
        int r;

        assert(pump->fd < 0);

        r = sd_event_add_io(pump->room->event, &pump->source, *take_fd, EPOLLIN, on_io, pump);
        if (r < 0)
                return r;

        pump->events = EPOLLIN;
        pump->fd = fd_steal(take_fd);
        return 0;
}

/* The core wants no more of it. */
static void pump_drain(Pump *pump) {
        int n = 0;

        (void) shutdown(pump->fd, SHUT_WR);
        if (ioctl(pump->fd, SIOCINQ, &n) < 0 || n < 0)
                n = 0;

        pump->draining = true;
        pump->left = (size_t) n;
}

void pump_update(Pump *pump) {
        Stream *stream = pump->stream;
        int r;

        if (pump->fd < 0) {
                if (stream->closing)
                        pump_end(pump, "closed");
                return;
        }

        if (stream->out.len > 0 && (!pump->full || stream->closing) && pump_is_writable(pump))
                pump_write(pump);

        if (stream->closing && !pump->draining) {
                pump_drain(pump);
                if (pump->left == 0) {
                        pump_end(pump, pump_why(pump));
                        return;
                }
        }

        r = pump_arm(pump);
        if (r < 0)
                pump_end(pump, strerror(-r));
}
