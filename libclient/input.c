/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What comes from aempd
 *
 * One read a turn, and each message in it handed to its port where it lies.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/input.h"
#include "libclient/request.h"

/* A turn has all of it in one piece. */
#define INLINED static inline __attribute__((always_inline))

INLINED void deliver(aemp *a, aemp_port *port, const Content *content) {
        origin_enter(a);
        port_deliver(port, content);
        origin_leave(a);
}

INLINED void handle(aemp *a, const Msg *msg) {
        aemp_port *port;

        if (msg->to.n == 0) {
                request_handle(a, msg);
                return;
        }

        port = port_by_name(a, msg->to);
        if (port)
                deliver(a, port, &(Content){msg->n, msg->tail, msg->tail_len});
}

void input_deliver(aemp *a, aemp_port *port, const Content *content) {
        deliver(a, port, content);
}

void input_message(aemp *a, const Msg *msg) {
        handle(a, msg);
}

INLINED int read_frames(aemp *a, const uint8_t *p, size_t n, InputFn fn) {
        Frame frame;
        Msg msg;
        int r = 0;

        while (a->state == STATE_ATTACHED && !a->kept.ended &&
                (r = frame_reader_next(&a->stream.reader, &p, &n, &frame)) > 0) {
                buf_reset(&a->context.scratch);
                if (msg_parse(&msg, frame.p, frame.len, &a->context.scratch) > 0)
                        fn(a, &msg);
        }

        return r;
}

INLINED int read_once(aemp *a, InputFn fn, bool *ret_full) {
        const uint8_t *p;
        ssize_t n;

        n = stream_read(&a->stream, &p, ret_full);
        if (n == -EAGAIN)
                return 0;

        return n > 0 && read_frames(a, p, (size_t) n, fn) >= 0 ? 1 : -ENOTCONN;
}

int input_read(aemp *a, InputFn fn, bool *ret_full) {
        return read_once(a, fn, ret_full);
}

static bool input_greeting(aemp *a) {
        int r = attach_input(a);

        if (r < 0)
                attach_lost(a);
        else if (r > 0)
                attach_regained(a);
        return r > 0;
}

bool input_run(aemp *a) {
        bool full = false;

        if (a->state == STATE_GREETING)
                return input_greeting(a);

        if (read_once(a, handle, &full) < 0)
                attach_lost(a);
        return full;
}
