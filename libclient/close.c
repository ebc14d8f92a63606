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
#include "libclient/wait.h"

/* aempd may wait for us to read; in a callback that is not possible. */
static int flush_wait(aemp *a, uint64_t end) {
        bool reads = !loop_is_busy(a) && a->kept.size < KEPT_MAX;
        int r;

        r = wait_poll(a, reads ? POLLIN | POLLOUT : POLLOUT, end);
        if (r < 0)
                return r == -EINTR ? 0 : r;

        return reads ? wait_read(a) : 0;
}

int aemp_flush(aemp *a, uint64_t timeout) {
        uint64_t end;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (a->state != STATE_ATTACHED)
                return -ENOTCONN;

        end = wait_deadline(timeout);
        watches_settle(a);
        do {
                stream_flush(&a->stream);
                if (a->stream.broken)
                        r = -ENOTCONN;
                else if (a->stream.out.len == 0)
                        break;
                else
                        r = flush_wait(a, end);
        } while (r >= 0);

        wait_end(a);
        return r < 0 ? r : 0;
}

/* Until aempd has closed, or the time is over: what is there then is still read, but not more than a socket
 * holds. */
static int close_wait(aemp *a, uint64_t end) {
        Stream *stream = &a->stream;

        for (unsigned late = 0; late < LATE_READS;) {
                ssize_t n;
                int r;

                stream_flush(stream);
                n = stream_discard(stream);
                if (n == 0)
                        return 0;
                if (n < 0 && n != -EAGAIN)
                        return (int) n;
                if (n > 0) {
                        late += wait_is_over(end);
                        continue;
                }

                r = wait_poll(a, stream->out.len > 0 ? POLLIN | POLLOUT : POLLIN, end);
                if (r < 0 && r != -EINTR)
                        return r;
        }

        return -ETIMEDOUT;
}

void close_all(aemp *a) {
        a->state = STATE_CLOSED;
        loop_stop(a);
        stream_close(&a->stream);
        event_detach(a);

        timer_unset(a, &a->attach.timer);
        kept_clear(&a->kept);
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
                r = close_wait(a, wait_deadline(timeout));
        }

        close_all(a);
        return r;
}
