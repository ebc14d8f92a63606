/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/tie.h"

#include "daemon/core/plant.h"
#include "daemon/core/remote.h"

/* How long the established connection has to show that the other end is still there. */
#define PROBE_TIMEOUT USEC_PER_SEC

static void tie_send_auth(Conn *conn) {
        Remote *remote = conn->remote;

        if (handshake_send_auth(conn) < 0)
                return;

        if (conn->state == CONN_VERIFIED)
                conn_establish(conn);
        else
                remote->auth_out = conn;
}

/* May our auth line go out on this one now? */
static bool tie_is_free(const Conn *conn) {
        const Remote *remote = conn->remote;
        const Node *node = conn->node;

        if (!remote->auth_out || remote->auth_out == conn)
                return true;

        /* both ends would wait for each other: the larger ID goes on */
        return conn->incoming && conn->aempd && strcmp(node->config.id, remote->id) > 0;
}

/* The established one is enough; unless it is the same node again, there are two with that ID. */
static void tie_duplicate(Conn *conn) {
        const Conn *established = conn->remote->conn;

        if (!conn->stream.closing && !conn_is_same_start(conn, established))
                node_eventf(conn->node, EVENT_CONN_REFUSED, conn->remote->id, conn->address,
                        "duplicate: that node is already connected from %s", established->address);
        conn_end(conn, "already connected");
}

/* The same for one that may well be the same node under another address, if it doesn't say that it isn't. */
static void tie_redundant(Conn *conn) {
        if (conn_is_other_start(conn, conn->remote->conn))
                tie_duplicate(conn);
        else
                conn_end(conn, "already connected");
}

/* It has proved who it is, and must not time out while another one, with a deadline of its own, decides. */
static void tie_wait(Conn *conn) {
        Node *node = conn->node;

        timer_set(&node->timers, &conn->timer, node->now + PROBE_TIMEOUT + node->config.handshake_timeout);
}

/* Is the other end of the established connection still there? `conn` waits for the answer. */
static void tie_hold(Conn *conn) {
        Remote *remote = conn->remote;
        Node *node = conn->node;

        if (remote->held) {
                tie_duplicate(conn);
                return;
        }

        remote->held = conn;
        tie_wait(conn);
        tail_begin(&node->tail, "snd");
        tail_str(&node->tail, node->id);
        tail_str(&node->tail, STR_LIT(""));
        remote_say(remote);
        timer_set(&node->timers, &remote->conn->probe, node->now + PROBE_TIMEOUT);
}

void tie_probe_timeout(Timer *timer) {
        Conn *conn = container_of(timer, Conn, probe);
        const Conn *held = conn->remote->held;

        /* the held one goes on when this one has ended */
        if (held && !held->stream.closing)
                conn_end(conn, "switched connections");
}

void tie_alive(Conn *conn) {
        Remote *remote = conn->remote;

        if (!remote->held || remote->conn != conn || conn->stream.closing)
                return;

        timer_stop(&conn->node->timers, &conn->probe);
        tie_duplicate(remote->held);
        remote->held = NULL;
}

void tie_greeted(Conn *conn) {
        Remote *remote = conn->remote;

        if (conn->stream.closing || conn->incoming)
                return;

        if (remote->conn)
                tie_redundant(conn);
        else if (tie_is_free(conn))
                tie_send_auth(conn);
}

void tie_verified(Conn *conn) {
        Remote *remote = conn->remote;

        if (PLANTED(accept_both))
                remote->conn = NULL;

        if (remote->conn) {
                if (conn->incoming)
                        tie_hold(conn);
                else
                        tie_redundant(conn);
        } else if (conn->auth_sent) {
                conn_establish(conn);
        } else if (tie_is_free(conn)) {
                tie_send_auth(conn);
        } else {
                tie_wait(conn);
        }
}

void tie_established(Conn *conn) {
        Remote *remote = conn->remote;

        remote->auth_out = NULL;
        remote->held = NULL;

        LIST_FOREACH (i, &remote->handshakes) {
                Conn *other = container_of(i, Conn, by_remote);

                /* who connected to us and has proved nothing can't make us say anything */
                if (!other->incoming || other->state == CONN_VERIFIED)
                        tie_redundant(other);
                else
                        conn_end(other, "already connected");
        }
}

/* Of those that wait, which goes on? */
static Conn *tie_next(Remote *remote) {
        Conn *next = NULL;

        LIST_FOREACH (i, &remote->handshakes) {
                Conn *conn = container_of(i, Conn, by_remote);

                if (conn->stream.closing || conn->auth_sent)
                        continue;
                if (conn->state == CONN_VERIFIED)
                        return conn;
                if (!conn->incoming && conn->state == CONN_AUTH)
                        next = conn;
        }

        return next;
}

void tie_ended(Remote *remote) {
        Conn *next;

        if (remote->conn || remote->auth_out)
                return;

        next = tie_next(remote);
        if (next)
                tie_send_auth(next);
}
