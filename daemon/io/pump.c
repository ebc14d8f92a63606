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
 *
 * A filter changes none of this: what is said about output holds for what comes out of it, and it is given
 * more only when the socket took all of that.
 *
 * But its handshake costs more than anything else, and strangers can begin many at once. So they have so
 * much time in a turn. After that, what came for the others stays in the kernel, even that which came
 * together with the lines before.
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
#include <time.h>

#include "daemon/io/fd.h"

/* Chunks written at once. */
#define PUMP_IOV_MAX 64
/* A filter begins behind fewer octets, or not at all. */
#define PUMP_LINES_MAX 16384
/* Microseconds of a turn. */
#define PUMP_SHAKE_MAX 1000

void pump_init(Pump *pump, PumpRoom *room, Stream *stream, PumpGoneFn gone) {
        *pump = (Pump){.room = room, .stream = stream, .gone = gone, .fd = -1};
        stream->edge = pump;
}

static void pump_close(Pump *pump) {
        pump->source = sd_event_source_disable_unref(pump->source);
        pump->fd = fd_close(pump->fd);
}

static void pump_free_filter(Pump *pump) {
        if (pump->filter)
                pump->filter = pump->filter->ops->free(pump->filter);
}

void pump_deinit(Pump *pump) {
        pump_close(pump);
        pump_free_filter(pump);
}

void pump_end(Pump *pump, const char *why) {
        Stream *stream = pump->stream;

        assert(stream);

        pump_close(pump);
        pump->stream = NULL;
        stream_closed(stream, why);
        pump_free_filter(pump); /* `why` may be its */
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

/* --- writing ----------------------------------------------------------------------------------------- */

/* Nothing more can be said. */
static void pump_broke(Pump *pump, int error) {
        pump->error = error;
        (void) shutdown(pump->fd, SHUT_RDWR);
}

/* Leaves what makes up the first `max` octets; how many they are. */
static size_t iov_cut(struct iovec *iov, int *n, size_t max) {
        size_t sum = 0;

        for (int i = 0; i < *n; i++) {
                if (iov[i].iov_len >= max - sum) {
                        iov[i].iov_len = max - sum;
                        *n = i + 1;
                }
                sum += iov[i].iov_len;
        }

        return sum;
}

/* Writes of the first `max` octets what the socket takes now. */
static size_t pump_put(Pump *pump, const Queue *queue, size_t max) {
        struct iovec iov[PUMP_IOV_MAX];
        int n = queue_iov(queue, iov, PUMP_IOV_MAX);
        size_t sum = iov_cut(iov, &n, max);
        ssize_t k;

        do
                k = writev(pump->fd, iov, n);
        while (k < 0 && errno == EINTR);

        if (k < 0 && errno != EAGAIN) {
                pump_broke(pump, errno);
                return 0;
        }

        k = k < 0 ? 0 : k;
        pump->full = (size_t) k < sum;
        return (size_t) k;
}

/* So many octets of the stream's output go out as they are. */
static size_t pump_plain(const Pump *pump) {
        const Stream *stream = pump->stream;

        return pump->filter && stream->plain < stream->out.len ? stream->plain : stream->out.len;
}

static void pump_write_plain(Pump *pump) {
        size_t left;

        while (!pump->full && !pump->error && (left = pump_plain(pump)) > 0) {
                size_t n = pump_put(pump, &pump->stream->out, left);

                if (n > 0)
                        stream_sent(pump->stream, n);
        }
}

static void pump_write_filtered(Pump *pump) {
        PumpFilter *filter = pump->filter;

        while (!pump->full && !pump->error) {
                int r = filter->ops->output(filter);

                if (r < 0)
                        pump_broke(pump, -r);
                else if (filter->out.len == 0)
                        return;
                else
                        queue_consume(&filter->out, pump_put(pump, &filter->out, SIZE_MAX));
        }
}

/* Writes as much as the socket takes now. */
static void pump_write(Pump *pump) {
        pump->full = false;

        pump_write_plain(pump);
        if (pump->filter)
                pump_write_filtered(pump);
}

static bool pump_has_output(const Pump *pump) {
        return pump->stream->out.len > 0 || (pump->filter && pump->filter->out.len > 0);
}

/* --- reading ----------------------------------------------------------------------------------------- */

/* What ended it, when the kernel says no more than "end-of-file". */
static const char *pump_why(const Pump *pump) {
        return pump->error && pump->error != EPIPE ? strerror(pump->error) : "Unexpected end-of-file";
}

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* NULL, or why it is over. */
static const char *pump_input_filter(Pump *pump, const uint8_t *data, size_t n) {
        PumpFilter *filter = pump->filter;
        const char *why;
        uint64_t began;

        if (filter->ready)
                return filter->ops->input(filter, data, n);

        began = now_usec();
        why = filter->ops->input(filter, data, n);
        pump->room->shaken += now_usec() - began;
        return why;
}

/* The core said that TLS begins, and n octets of it have come already. NULL, or why it is over. */
static const char *pump_begin_filter(Pump *pump, const uint8_t *data, size_t n) {
        int r = pump->filter_new ? pump->filter_new(pump, &pump->filter) : -EPROTONOSUPPORT;

        return r < 0 ? strerror(-r) : pump_input_filter(pump, data, n);
}

static bool pump_is_undecided(const Pump *pump) {
        return pump->filter_new && !pump->filter && !pump->draining && pump->n_lines < PUMP_LINES_MAX;
}

/* These octets were looked at and not read. NULL, or why it is over. */
static const char *pump_input_lines(Pump *pump, const uint8_t *data, size_t n) {
        Stream *stream = pump->stream;
        size_t taken = stream_input(stream, data, n);

        pump->n_lines += taken;
        if (read(pump->fd, pump->room->octets, taken) != (ssize_t) taken)
                return "Connection reset by peer";

        return stream->tls ? pump_begin_filter(pump, data, 0) : NULL;
}

/* NULL, or why it is over. */
static const char *pump_input(Pump *pump, const uint8_t *data, size_t n) {
        Stream *stream = pump->stream;
        size_t taken;

        if (pump->filter)
                return pump_input_filter(pump, data, n);

        taken = stream_input(stream, data, n);
        return stream->tls ? pump_begin_filter(pump, data + taken, n - taken) : NULL;
}

/* A filter may have something to say when something was said to it: records of its own, the last of them
 * says why it is over. */
static void pump_answer(Pump *pump, const char *why) {
        int r = 0;

        if (pump->filter && pump->filter->out.len > 0 && !pump->full && pump_is_writable(pump)) {
                pump_write(pump);
                r = why ? 0 : pump_arm(pump);
        }

        if (why || r < 0)
                pump_end(pump, why ?: strerror(-r));
}

/* May end with gone(). */
static void pump_read(Pump *pump) {
        bool undecided = pump_is_undecided(pump);
        size_t max = PUMP_READ_MAX;
        ssize_t n;

        if (pump->draining && pump->left < max)
                max = pump->left;

        n = recv(pump->fd, pump->room->octets, max, undecided ? MSG_PEEK : 0);
        if (n > 0) {
                const char *why = undecided ? pump_input_lines(pump, pump->room->octets, (size_t) n)
                                            : pump_input(pump, pump->room->octets, (size_t) n);

                if (pump->draining && !why) {
                        pump->left -= (size_t) n;
                        why = pump->left == 0 ? pump_why(pump) : NULL;
                }
                pump_answer(pump, why);
        } else if (n == 0)
                pump_end(pump, pump_why(pump));
        else if (errno != EAGAIN && errno != EINTR)
                pump_end(pump, strerror(errno));
        else if (pump->draining)
                pump_end(pump, pump_why(pump));
}

/* Others' handshakes took too long. */
static bool pump_has_to_wait(const Pump *pump) {
        return pump->filter && !pump->filter->ready && pump->room->shaken >= PUMP_SHAKE_MAX;
}

/* --- events ------------------------------------------------------------------------------------------ */

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

        if (in && !pump_has_to_wait(pump))
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

        if (pump->filter && !pump_has_output(pump) && pump_is_writable(pump)) {
                pump->filter->ops->finish(pump->filter);
                pump_write(pump);
        }

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

        if (pump_has_output(pump) && (!pump->full || stream->closing) && pump_is_writable(pump))
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
