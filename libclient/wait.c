/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Waiting for something without running callbacks
 *
 * What waits to be written is written meanwhile. aempd may not read before we do, so reading never waits for
 * writing.
 */

#include "libclient/wait.h"

#include <errno.h>
#include <poll.h>

#include "libclient/aemp.h"
#include "libclient/input.h"
#include "libclient/sift.h"

uint64_t wait_deadline(uint64_t timeout) {
        uint64_t now;

        if (timeout == AEMP_INFINITE)
                return UINT64_MAX;

        now = timer_now();
        return timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

bool wait_is_over(uint64_t end) {
        return end != UINT64_MAX && timer_now() >= end;
}

int wait_poll(aemp *a, short events, uint64_t end) {
        struct pollfd pfd = {.fd = a->stream.fd, .events = events};
        struct timespec ts;
        uint64_t now, left;
        int r;

        if (end != UINT64_MAX) {
                now = timer_now();
                left = end > now ? end - now : 0;
                ts = (struct timespec){(time_t) (left / 1000000), (long) (left % 1000000 * 1000)};
        }

        r = ppoll(&pfd, 1, end == UINT64_MAX ? NULL : &ts, NULL);
        if (r < 0)
                return -errno;
        if (r == 0)
                return -ETIMEDOUT;

        if (pfd.revents & ~POLLIN)
                a->stream.blocked = false;
        return 0;
}

int wait_read(aemp *a) {
        bool full;
        int r;

        if (a->kept.ended)
                return -ENOTCONN;
        if (a->kept.size >= KEPT_MAX)
                return -ENOBUFS;

        r = input_read(a, sift, &full);
        if (r < 0)
                a->kept.ended = true; /* but something may have come before */
        return r != 0;
}

int wait_start(Wait *wait, aemp *a, uint64_t timeout) {
        if (loop_is_busy(a))
                return -EBUSY;

        *wait = (Wait){.end = wait_deadline(timeout)};
        return 0;
}

int wait_more(Wait *wait, aemp *a) {
        int r;

        for (;;) {
                if (a->state != STATE_ATTACHED || a->outgoing.lost)
                        return -ENOTCONN;
                if (wait->late >= LATE_READS)
                        return -ETIMEDOUT;

                stream_flush(&a->stream);
                r = wait_read(a);
                if (r < 0)
                        return r;
                if (wait_is_over(wait->end)) {
                        if (r == 0)
                                return -ETIMEDOUT;
                        wait->late++;
                }
                if (r > 0)
                        return 0;

                r = wait_poll(a, a->stream.out.len > 0 ? POLLIN | POLLOUT : POLLIN, wait->end);
                if (r < 0 && r != -ETIMEDOUT)
                        return r;
        }
}

void wait_end(aemp *a) {
        if (loop_is_pending(a))
                loop_touch(a);
}
