/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A connection is established when the peer's auth line is verified and ours is sent. Until then nothing it
 * says is believed, and it costs a Handshake; from then on it is its remote node's, and ends in
 * conn_closed() only, after all that came in was routed.
 */

#include "daemon/core/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/remote.h"
#include "daemon/core/tie.h"

#define KEPT_MAX (1024 * 1024)
/* Of handshakes that say that they are with the node of an established connection. */
#define EXCUSED_MAX 16
/* Octets of a text that says why: TLS has a lot to say. */
#define FAILURE_MAX 400

/* --- ending ------------------------------------------------------------------------------------------ */

void conn_end(Conn *conn, const char *why) {
        if (conn->stream.closing)
                return;

        conn->why = why;
        conn->stream.closing = true;
        /* greeting and nonce are for everybody, nothing else is */
        if (conn->state == CONN_DATA || conn->auth_sent) {
                queue_deinit(&conn->stream.out);
                conn->stream.plain = 0;
        }
        if (conn->state != CONN_DATA)
                conn->state = CONN_OVER;
        source_release(conn);
        node_dirty(conn->node, &conn->stream);
}

const char *conn_claim(const Conn *conn) {
        return conn->remote ? conn->remote->id : NULL;
}

bool conn_is_same_start(const Conn *conn, const Conn *other) {
        return conn->start[0] && strcmp(conn->start, other->start) == 0;
}

bool conn_is_other_start(const Conn *conn, const Conn *other) {
        return conn->start[0] && other->start[0] && strcmp(conn->start, other->start) != 0;
}

void conn_refuse(Conn *conn, const char *why) {
        node_event(conn->node, EVENT_CONN_REFUSED, conn_claim(conn), conn->address, why);
        conn_end(conn, why);
}

void conn_fail(Conn *conn, const char *why, const char *text) {
        node_event(conn->node, EVENT_CONN_REFUSED, conn_claim(conn), conn->address, text ?: why);
        source_failed(conn);
        conn_end(conn, why);
}

void conn_protocol_error(Conn *conn, const char *why) {
        conn->node->counters.protocol_errors++;
        node_event(conn->node, EVENT_PROTOCOL_ERROR, conn_claim(conn), conn->address, why);
        conn_end(conn, why);
        conn->state = CONN_OVER; /* nothing that follows can be understood */
}

/* --- established ------------------------------------------------------------------------------------- */

void conn_establish(Conn *conn) {
        Node *node = conn->node;
        Remote *remote = conn->remote;
        Attempt *attempt;
        Handshake *hs = conn->handshake;

        conn->state = CONN_DATA;
        conn->handshake = NULL;
        source_release(conn);
        list_unlink(&conn->by_remote);
        conn->last_sent = node->now;
        frame_reader_init(&conn->reader, hs->peer_framing, node->config.max_message);
        conn->reader.max_text = FRAME_TEXT_MAX(node->config.max_message);

        conn->timer.fn = conn_heartbeat;
        timer_set(&node->timers, &conn->timer, node->now + node->config.heartbeat_interval);

        remote_up(remote, conn);
        tie_established(conn);
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

/* --- input ------------------------------------------------------------------------------------------- */

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

/* False: it is not complete. */
static bool conn_input_line(Conn *conn, const uint8_t **p, size_t *n) {
        Str line;
        int r;

        r = line_read(&conn->handshake->line, p, n, &line);
        if (r < 0)
                conn_fail(conn, "a line of its handshake is too long", NULL);
        else if (r > 0)
                handshake_line(conn, line);

        return r != 0;
}

static size_t conn_input(Stream *stream, const uint8_t *p, size_t n) {
        Conn *conn = container_of(stream, Conn, stream);
        const size_t taken = n;

        if (conn_is_tls(conn) && !conn->security && conn->state != CONN_OVER)
                conn_protocol_error(conn, "octets outside of TLS");

        while (conn->state >= CONN_GREETING && conn->state < CONN_VERIFIED) {
                if (!conn_input_line(conn, &p, &n))
                        return taken;
                if (conn_is_tls(conn) && !conn->security)
                        return taken - n;
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

static void conn_secured(Stream *stream, const StreamSecurity *from) {
        Conn *conn = container_of(stream, Conn, stream);

        if (conn->state == CONN_OVER)
                return;

        assert(conn_is_tls(conn) && !conn->security);
        conn->security = conn_security_copy(from);
        if (!conn->security)
                conn_end(conn, "out of memory");
        node_dirty(conn->node, &conn->stream); /* the auth line may have waited for this */
}

/* Did it make way, or is it waiting, for another connection between the two? Anybody can repeat what a node
 * says in its greeting, so that counts only so often, or when we chose whom to ask. */
static bool conn_is_excused(const Conn *conn) {
        Remote *remote = conn->remote;

        if (!remote)
                return false;
        if (remote->conn)
                return (source_same(remote->conn->address, conn->address) ||
                               conn_is_same_start(conn, remote->conn)) &&
                        remote->excused++ < EXCUSED_MAX;

        LIST_FOREACH (i, &remote->handshakes) {
                const Conn *other = container_of(i, Conn, by_remote);

                if (!other->incoming &&
                        (source_same(other->address, conn->address) || conn_is_same_start(conn, other)))
                        return true;
        }

        return false;
}

static void conn_timeout(Timer *timer) {
        Conn *conn = container_of(timer, Conn, timer);
        static const char why[] = "its handshake took too long";

        if (conn->stream.closing)
                return;

        if (!conn->incoming && conn->state == CONN_CONNECTING)
                conn_end(conn, "connect timeout");
        else if (conn->state == CONN_VERIFIED)
                conn_end(conn, why); /* it waited for another one, which is nobody's fault */
        else if (conn_is_excused(conn))
                conn_refuse(conn, why);
        else
                conn_fail(conn, why, NULL);
}

static void conn_free(Conn *conn) {
        Node *node = conn->node;

        timer_stop(&node->timers, &conn->timer);
        timer_stop(&node->timers, &conn->probe);
        list_unlink(&conn->by_node);
        list_unlink(&conn->by_remote);
        list_unlink(&conn->stream.dirty);
        source_release(conn);
        handshake_free(conn->handshake);
        frame_reader_deinit(&conn->reader);
        queue_deinit(&conn->stream.out);
        conn_security_free(conn->security);
        free(conn->provider);
        free(conn->address);
        free(conn);
}

/* It ended in its handshake, and not because we said so. Returns the text for whoever asked for it. */
static const char *conn_failed(Conn *conn, const char *why, char text[FAILURE_MAX]) {
        bool tls = conn_is_tls(conn) && !conn->security;

        if (!conn->handshake || conn->why || conn->state <= CONN_GREETING)
                return why;

        snprintf(text, FAILURE_MAX, "%s (%s)",
                tls                                     ? "TLS did not come about"
                        : strncmp(why, "TLS: ", 5) == 0 ? "it broke off"
                        : conn->auth_sent
                        ? "it closed the connection on our authentication line, its log says why"
                        : "it closed the connection during the handshake",
                why);
        if (conn->attempt || conn_is_excused(conn))
                return text;

        node_event(conn->node, EVENT_CONN_REFUSED, conn_claim(conn), conn->address, text);
        if (tls)
                source_failed(conn);
        return text;
}

static void conn_closed(Stream *stream, const char *why) {
        Conn *conn = container_of(stream, Conn, stream);
        Attempt *attempt = conn->attempt;
        Remote *remote = conn->remote;
        char text[FAILURE_MAX];

        why = conn_failed(conn, conn->why ?: why, text);

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
        .secured = conn_secured,
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
        list_init(&conn->by_source);
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
        Source *source;
        Conn *conn;
        int r;

        r = source_admit(node, peer_address, &source);
        if (r < 0)
                return r;

        conn = conn_new(node, peer_address);
        if (!conn) {
                source_gc(source);
                return -ENOMEM;
        }

        conn->incoming = true;
        source_charge(source, conn);
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
