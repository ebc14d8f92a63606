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

static void input_message(aemp *a, const Msg *msg) {
        uint64_t number;
        aemp_port *port;

        if (msg->to.n == 0) {
                request_handle(a, msg);
                return;
        }

        if (!home_read_name(&a->home, msg->to, &number))
                return;

        port = port_find(a, number);
        if (port)
                port_deliver(port, &(Content){msg->n, msg->tail, msg->tail_len});
}

static int input_frames(aemp *a, const uint8_t *p, size_t n) {
        Frame frame;
        Msg msg;
        int r = 0;

        while (a->state == STATE_ATTACHED &&
                (r = frame_reader_next(&a->stream.reader, &p, &n, &frame)) > 0) {
                buf_reset(&a->context.scratch);
                if (msg_parse(&msg, frame.p, frame.len, &a->context.scratch) > 0)
                        input_message(a, &msg);
        }

        return r;
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
        const uint8_t *p;
        bool full = false;
        ssize_t n;

        if (a->state == STATE_GREETING)
                return input_greeting(a);

        n = stream_read(&a->stream, &p, &full);
        if (n == -EAGAIN)
                return false;
        if (n <= 0 || input_frames(a, p, (size_t) n) < 0)
                attach_lost(a);

        return full;
}
