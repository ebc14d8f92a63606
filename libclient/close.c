/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The end of an attachment
 *
 * `bye` is answered by aempd closing the connection, once everything before it was routed. What arrives in
 * the meantime is read, so that aempd can go on, and thrown away.
 */

#include <errno.h>
#include <poll.h>

#include "libclient/aemp.h"
#include "libclient/close.h"
#include "libclient/event.h"

static uint64_t deadline(uint64_t timeout) {
        uint64_t now = timer_now();

        return timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

/* 1: some of the events happened; -ETIMEDOUT. */
static int wait_until(int fd, short events, uint64_t end) {
        struct pollfd pfd = {.fd = fd, .events = events};
        uint64_t now = timer_now(), left = end > now ? end - now : 0;
        struct timespec ts = {(time_t) (left / 1000000), (long) (left % 1000000 * 1000)};
        int r;

        r = ppoll(&pfd, 1, end == UINT64_MAX ? NULL : &ts, NULL);
        if (r < 0)
                return errno == EINTR ? 1 : -errno;
        return r > 0 ? 1 : -ETIMEDOUT;
}

int aemp_flush(aemp *a, uint64_t timeout) {
        uint64_t end;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (a->state != STATE_ATTACHED)
                return -ENOTCONN;

        end = deadline(timeout);
        watches_settle(a);
        for (;;) {
                stream_flush(&a->stream);
                if (a->stream.broken)
                        return -ENOTCONN;
                if (a->stream.out.len == 0)
                        return 0;

                r = wait_until(a->stream.fd, POLLOUT, end);
                if (r < 0)
                        return r;
                a->stream.blocked = false;
        }
}

/* Until aempd has closed. */
static int close_wait(aemp *a, uint64_t end) {
        Stream *stream = &a->stream;

        for (;;) {
                const uint8_t *p;
                bool full;
                ssize_t n;
                int r;

                stream_flush(stream);
                n = stream_read(stream, &p, &full);
                if (n == 0)
                        return 0;
                if (n < 0 && n != -EAGAIN)
                        return (int) n;
                if (n > 0)
                        continue;

                r = wait_until(stream->fd, stream->out.len > 0 ? POLLIN | POLLOUT : POLLIN, end);
                if (r < 0)
                        return r;
                stream->blocked = false;
        }
}

void close_all(aemp *a) {
        a->state = STATE_CLOSED;
        loop_stop(a);
        stream_close(&a->stream);
        event_detach(a);

        timer_unset(a, &a->attach.timer);
        slots_end(a);
        ports_deinit(a);
        local_deinit(&a->local);
        watches_deinit(&a->watches);
        held_clear(&a->held);
        nodes_deinit(&a->nodes);
}

int aemp_close(aemp *a, uint64_t timeout) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r == -ENOTCONN ? 0 : r;

        r = 0;
        if (a->state == STATE_ATTACHED) {
                tell(a, "bye", STR_NULL, &CONTENT_EMPTY);
                r = close_wait(a, deadline(timeout));
        }

        close_all(a);
        return r;
}
