/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The messages of an established connection.
 */

#include "daemon/core/conn.h"

#include <errno.h>

#include "daemon/core/plant.h"
#include "daemon/core/remote.h"
#include "daemon/core/route.h"
#include "wire/json.h"

/* --- what goes out ----------------------------------------------------------------------------------- */

void conn_heartbeat(Timer *timer) {
        Conn *conn = container_of(timer, Conn, timer);
        Node *node = conn->node;
        uint64_t due = conn->last_sent + node->config.heartbeat_interval;

        if (conn->stream.closing)
                return;

        if (due <= node->now) {
                tail_begin(&node->tail, "");
                remote_say(conn->remote);
                due = node->now + node->config.heartbeat_interval;
        }

        timer_set(&node->timers, &conn->timer, due);
}

void conn_put(Conn *conn, const Msg *msg) {
        Node *node = conn->node;

        if (conn->stream.closing) {
                node->counters.dropped_queued++;
                return;
        }

        if (PLANTED(slow_drop) && conn->stream.out.len > node->config.peer_hard)
                return;

        if (node_queue(node, &conn->stream, conn->framing, msg) < 0) {
                conn_end(conn, "out of memory");
                return;
        }

        conn->last_sent = node->now;
        conn->sent++;
        node->counters.to_peers++;

        if (conn->stream.out.len > node->config.peer_hard && !PLANTED(slow_drop)) {
                node_event(node, EVENT_SLOW, conn->remote->id, conn->address,
                        "does not read what is sent to it");
                conn_end(conn, "too slow: does not read what is sent to it");
        }
}

/* A message that waited, as JSON. */
static int conn_put_json(Conn *conn, const Frame *frame) {
        Node *node = conn->node;
        int r;

        buf_reset(&node->json);
        r = json_from_cbor(frame->p, frame->len, &node->json);
        if (r < 0)
                return r;

        buf_putc(&node->json, '\n');
        return buf_error(&node->json) ?: queue_put(&conn->stream.out, node->json.data, node->json.len);
}

static const char *conn_put_unsent_json(Conn *conn, Queue *unsent) {
        const size_t hard = conn->node->config.peer_hard;
        FrameReader reader;
        struct iovec iov;
        Frame frame;
        int r = 0;

        frame_reader_init(&reader, FRAMING_CBOR, unsent->len);
        while (r >= 0 && conn->stream.out.len <= hard && queue_iov(unsent, &iov, 1) > 0) {
                const uint8_t *p = iov.iov_base;
                size_t n = iov.iov_len;

                while (conn->stream.out.len <= hard && (r = frame_reader_next(&reader, &p, &n, &frame)) > 0)
                        if ((r = conn_put_json(conn, &frame)) < 0)
                                break;
                queue_consume(unsent, iov.iov_len - n);
        }
        frame_reader_deinit(&reader);

        if (r < 0)
                return "out of memory";
        return unsent->len > 0 ? "too many messages wait for it" : NULL;
}

void conn_put_unsent(Conn *conn, Queue *unsent) {
        const char *fault = NULL;

        if (conn->framing == FRAMING_CBOR)
                queue_splice(&conn->stream.out, unsent);
        else
                fault = conn_put_unsent_json(conn, unsent);

        node_dirty(conn->node, &conn->stream);
        if (fault) {
                queue_deinit(unsent);
                conn_end(conn, fault);
        }
}

/* --- what comes in ----------------------------------------------------------------------------------- */

static void conn_message(Conn *conn, const Frame *frame) {
        Node *node = conn->node;
        const Origin from = {.peer = conn->remote};
        Msg msg;
        int r;

        conn->received++;
        node->counters.from_peers++;

        buf_reset(&node->strings);
        r = msg_parse(&msg, frame->p, frame->len, &node->strings);
        if (r == 0)
                return;
        if (r < 0) {
                conn_protocol_error(conn, "a message is no array that starts with a port name");
                return;
        }

        msg.odd = frame->odd;
        (void) route_local(node, &from, &msg); /* it is the first hop */
}

void conn_input_data(Conn *conn, const uint8_t *p, size_t n) {
        Frame frame;
        int r = 0;

        while (conn->state == CONN_DATA && (r = frame_reader_next(&conn->reader, &p, &n, &frame)) > 0)
                conn_message(conn, &frame);

        if (r < 0)
                conn_protocol_error(conn,
                        r == -EMSGSIZE         ? "a message is larger than max_message"
                                : r == -ELOOP  ? "a message is nested too deep"
                                : r == -ENOMEM ? "out of memory"
                                               : "what came is not a message");
}
