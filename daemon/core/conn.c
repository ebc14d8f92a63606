/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A connection is established when the peer's auth line is verified and ours is sent. Until then nothing it
 * says is believed, and it costs a Handshake; from then on it is its remote node's, and ends in
 * conn_closed() only, after all that came in was routed.
 */

#include "daemon/core/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/plant.h"
#include "daemon/core/remote.h"
#include "daemon/core/route.h"
#include "daemon/core/tie.h"

#define KEPT_MAX (1024 * 1024)

/* --- ending ------------------------------------------------------------------------------------------ */

void conn_end(Conn *conn, const char *why) {
        if (conn->stream.closing)
                return;

        conn->why = why;
        conn->stream.closing = true;
        if (conn->state != CONN_DATA)
                conn->state = CONN_OVER;
        queue_deinit(&conn->stream.out);
        node_dirty(conn->node, &conn->stream);
}

const char *conn_claim(const Conn *conn) {
        return conn->remote ? conn->remote->id : NULL;
}

void conn_refuse(Conn *conn, const char *why) {
        node_event(conn->node, EVENT_CONN_REFUSED, conn_claim(conn), conn->address, why);
        conn_end(conn, why);
}

static void conn_protocol_error(Conn *conn, const char *why) {
        conn->node->counters.protocol_errors++;
        node_event(conn->node, EVENT_PROTOCOL_ERROR, conn_claim(conn), conn->address, why);
        conn_end(conn, why);
        conn->state = CONN_OVER; /* nothing that follows can be understood */
}

/* --- messages ---------------------------------------------------------------------------------------- */

static void conn_heartbeat(Timer *timer) {
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

static void conn_input_data(Conn *conn, const uint8_t *p, size_t n);

void conn_establish(Conn *conn) {
        Node *node = conn->node;
        Remote *remote = conn->remote;
        Attempt *attempt;
        Handshake *hs = conn->handshake;

        conn->state = CONN_DATA;
        conn->handshake = NULL;
        if (conn->incoming)
                node->half_open--;
        list_unlink(&conn->by_remote);
        conn->last_sent = node->now;
        frame_reader_init(&conn->reader, FRAMING_CBOR, node->config.max_message);

        conn->timer.fn = conn_heartbeat;
        timer_set(&node->timers, &conn->timer, node->now + node->config.heartbeat_interval);

        tie_established(conn);
        remote_up(remote, conn);
        attempt = conn->attempt; /* unless it was the dial's, which is gone now */
        if (attempt) {
                conn->attempt = NULL;
                attempt->conn = NULL;
                attempt->done(attempt, NULL);
        }

        conn->stream.paused = false;
        node_dirty(node, &conn->stream);
        conn_input_data(conn, hs->kept.data, hs->kept.len);
        handshake_free(hs);
}

void conn_put(Conn *conn, const Msg *msg) {
        Node *node = conn->node;

        if (conn->stream.closing) {
                node->counters.dropped_queued++;
                return;
        }

        if (PLANTED(slow_drop) && conn->stream.out.len > node->config.peer_hard)
                return;

        if (node_queue(node, &conn->stream, FRAMING_CBOR, msg) < 0) {
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

void conn_put_unsent(Conn *conn, Queue *unsent) {
        queue_splice(&conn->stream.out, unsent);
        node_dirty(conn->node, &conn->stream);
}

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
        if (route_local(node, &from, &msg) < 0)
                node->counters.unknown_requests++;
}

/* Its first messages came before we could establish it: they wait, as all of this connection does. */
static void conn_keep(Conn *conn, const uint8_t *p, size_t n) {
        Buf *kept = &conn->handshake->kept;

        if (n > KEPT_MAX - kept->len) {
                conn_refuse(conn, "it sent too much before its handshake was over");
                return;
        }

        buf_put(kept, p, n);
        if (buf_error(kept) < 0)
                conn_end(conn, "out of memory");

        conn->stream.paused = true;
        node_dirty(conn->node, &conn->stream);
}

static void conn_input_data(Conn *conn, const uint8_t *p, size_t n) {
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

static size_t conn_input(Stream *stream, const uint8_t *p, size_t n) {
        Conn *conn = container_of(stream, Conn, stream);
        const size_t taken = n;
        Str line;
        int r;

        while (conn->state >= CONN_GREETING && conn->state < CONN_VERIFIED) {
                r = line_read(&conn->handshake->line, &p, &n, &line);
                if (r == 0)
                        return taken;
                if (r < 0)
                        conn_refuse(conn, "a line of its handshake is too long");
                else
                        handshake_line(conn, line);
        }

        if (conn->state == CONN_VERIFIED) {
                if (n > 0)
                        conn_keep(conn, p, n);
                return taken;
        }

        if (conn->state != CONN_DATA)
                return taken;

        tie_alive(conn);
        if (n > 0)
                conn_input_data(conn, p, n);
        return taken;
}

static void conn_sent(Stream *stream) {
        Conn *conn = container_of(stream, Conn, stream);

        if (conn->state == CONN_DATA && conn->remote->conn == conn)
                remote_drained(conn->remote);
}

/* --- its life ---------------------------------------------------------------------------------------- */

static void conn_connected(Stream *stream, const char *peer_address) {
        Conn *conn = container_of(stream, Conn, stream);

        if (conn->state != CONN_CONNECTING)
                return;

        conn->state = CONN_GREETING;
        handshake_greet(conn);
}

static void conn_timeout(Timer *timer) {
        Conn *conn = container_of(timer, Conn, timer);

        if (conn->incoming || conn->state != CONN_CONNECTING)
                conn_refuse(conn, "its handshake took too long");
        else
                conn_end(conn, "connect timeout");
}

static void conn_free(Conn *conn) {
        Node *node = conn->node;

        timer_stop(&node->timers, &conn->timer);
        timer_stop(&node->timers, &conn->probe);
        list_unlink(&conn->by_node);
        list_unlink(&conn->by_remote);
        list_unlink(&conn->stream.dirty);
        if (conn->handshake && conn->incoming)
                node->half_open--;
        handshake_free(conn->handshake);
        frame_reader_deinit(&conn->reader);
        queue_deinit(&conn->stream.out);
        free(conn->provider);
        free(conn->address);
        free(conn);
}

/* It ended in its handshake, and not because we said so. */
static void conn_log_failure(Conn *conn, const char *why) {
        char text[128];

        if (!conn->handshake || conn->why || conn->attempt || conn->state <= CONN_GREETING)
                return;

        snprintf(text, sizeof(text), "it closed the connection during the handshake (%s)", why);
        node_event(conn->node, EVENT_CONN_REFUSED, conn_claim(conn), conn->address, text);
}

static void conn_closed(Stream *stream, const char *why) {
        Conn *conn = container_of(stream, Conn, stream);
        Attempt *attempt = conn->attempt;
        Remote *remote = conn->remote;

        why = conn->why ?: why;
        conn_log_failure(conn, why);

        if (remote) {
                if (remote->auth_out == conn)
                        remote->auth_out = NULL;
                if (remote->held == conn)
                        remote->held = NULL;
                list_unlink(&conn->by_remote);
                if (remote->conn == conn)
                        remote_down(remote, why);
        }
        if (attempt) {
                conn->attempt = NULL;
                attempt->conn = NULL;
                attempt->done(attempt, why);
        }

        conn_free(conn);
        if (remote) {
                if (remote->dial)
                        dial_handshake_ended(remote->dial);
                tie_ended(remote);
                remote_gc(remote);
        }
}

static const StreamOps conn_ops = {
        .connected = conn_connected,
        .input = conn_input,
        .sent = conn_sent,
        .closed = conn_closed,
};

static Conn *conn_new(Node *node, const char *address) {
        Conn *conn;

        conn = calloc(1, sizeof(*conn));
        if (!conn)
                return NULL;

        conn->node = node;
        conn->stream.ops = &conn_ops;
        list_init(&conn->stream.dirty);
        list_init(&conn->by_remote);
        list_append(&node->conns, &conn->by_node);
        timer_init(&conn->timer, conn_timeout);
        timer_init(&conn->probe, tie_probe_timeout);

        conn->address = strdup(address);
        conn->handshake = calloc(1, sizeof(*conn->handshake));
        if (!conn->address || !conn->handshake) {
                conn_free(conn);
                return NULL;
        }

        timer_set(&node->timers, &conn->timer, node->now + node->config.handshake_timeout);
        return conn;
}

int node_accept(Node *node, const char *peer_address, Stream **ret) {
        Conn *conn;

        if (node->half_open >= node->config.max_half_open)
                return -EBUSY;

        conn = conn_new(node, peer_address);
        if (!conn)
                return -ENOMEM;

        conn->incoming = true;
        node->half_open++;
        conn->state = CONN_GREETING;
        handshake_greet(conn);

        *ret = &conn->stream;
        return 0;
}

int conn_connect(Node *node, const char *address, Attempt *attempt) {
        Conn *conn;

        conn = conn_new(node, address);
        if (!conn)
                return -ENOMEM;

        conn->attempt = attempt;
        attempt->conn = conn;
        node->edge->connect(node->userdata, &conn->stream, address);
        return 0;
}

void conn_free_all(Node *node) {
        while (!list_is_empty(&node->conns)) {
                Conn *conn = container_of(node->conns.next, Conn, by_node);
                Attempt *attempt = conn->attempt;

                if (conn->remote && conn->remote->conn == conn) {
                        conn->remote->conn = NULL;
                        watcher_clear(&node->mons, &conn->remote->watcher);
                }
                if (attempt) {
                        attempt->conn = NULL;
                        conn->attempt = NULL;
                }
                conn_free(conn);
        }
}
