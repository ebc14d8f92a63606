/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is lost is lost in one place: remote_lost(). Whoever may have lost something there is told in this
 * order: monitors, then `down`, which the client has to answer before anything of it goes to that node
 * again.
 */

#include "daemon/core/remote.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/charge.h"
#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/contact.h"
#include "daemon/core/dial.h"
#include "daemon/core/locate.h"
#include "daemon/core/plant.h"
#include "daemon/core/seed.h"
#include "daemon/core/text.h"
#include "wire/strv.h"

/* How long a node that went down is still listed. */
#define REMOTE_REMEMBERED (600 * USEC_PER_SEC)

/* --- monitors of its ports and of itself ------------------------------------------------------------- */

static Str remote_port_str(const RemotePort *port) {
        return (Str){port->name, port->name_len};
}

static void remote_port_free(RemotePort *port) {
        HASH_DEL(port->remote->ports, port);
        free(port);
}

static void remote_port_tell(MonSet *set, Watcher *watcher, const Reason *reason) {
        RemotePort *port = container_of(set, RemotePort, mons);

        client_tell(container_of(watcher, Client, watcher), "kil0", remote_str(port->remote),
                remote_port_str(port), reason);
}

static void remote_port_ask(RemotePort *port, const char *tag) {
        Tail *tail = &port->remote->node->tail;

        tail_begin(tail, tag);
        tail_str(tail, remote_port_str(port));
        remote_say(port->remote);
}

static void remote_port_unwatched(MonSet *set) {
        RemotePort *port = container_of(set, RemotePort, mons);

        remote_port_ask(port, "mon0");
        remote_port_free(port);
}

static const MonSetOps remote_port_ops = {
        .tell = remote_port_tell,
        .unwatched = remote_port_unwatched,
};

static void remote_tell(MonSet *set, Watcher *watcher, const Reason *reason) {
        Remote *remote = container_of(set, Remote, mons);

        client_tell(container_of(watcher, Client, watcher), "kil0", remote_str(remote), STR_NULL, reason);
}

static void remote_unwatched(MonSet *set) {
        /* nobody was told of it, so there is nobody to tell now */
}

static const MonSetOps remote_mons_ops = {
        .tell = remote_tell,
        .unwatched = remote_unwatched,
};

static RemotePort *remote_port_find(Remote *remote, Str name) {
        RemotePort *port;

        HASH_FIND(hh, remote->ports, name.p, name.n, port);
        return port;
}

static RemotePort *remote_port_new(Remote *remote, Str name) {
        RemotePort *port;

        port = calloc(1, sizeof(*port) + name.n + 1);
        if (!port)
                return NULL;

        port->remote = remote;
        port->name_len = name.n;
        memcpy(port->name, name.p, name.n);
        mon_set_init(&port->mons, &remote_port_ops);

        HASH_ADD_KEYPTR(hh, remote->ports, port->name, port->name_len, port);
        if (hash_failed(port)) {
                free(port);
                return NULL;
        }

        return port;
}

int remote_watch(Remote *remote, Str name, Watcher *watcher) {
        Node *node = remote->node;
        RemotePort *port;
        bool fresh;
        int r;

        if (name.n == 0) {
                r = mon_add(&node->mons, &remote->mons, watcher, node->config.max_monitors);
                if (r > 0)
                        remote_want(remote);
                return r;
        }

        port = remote_port_find(remote, name);
        fresh = !port;
        if (fresh) {
                port = remote_port_new(remote, name);
                if (!port)
                        return -ENOMEM;
        }

        r = mon_add(&node->mons, &port->mons, watcher, node->config.max_monitors);
        if (fresh && r < 0)
                remote_port_free(port);
        else if (fresh)
                remote_port_ask(port, "mon1");

        return r;
}

void remote_unwatch(Remote *remote, Str name, Watcher *watcher) {
        RemotePort *port;

        if (name.n == 0) {
                mon_remove(&remote->node->mons, &remote->mons, watcher);
                return;
        }

        port = remote_port_find(remote, name);
        if (port)
                mon_remove(&remote->node->mons, &port->mons, watcher);
}

void remote_port_died(Remote *remote, Str name, const Reason *reason) {
        RemotePort *port = remote_port_find(remote, name);

        if (!port)
                return;

        mon_set_fire(&remote->node->mons, &port->mons, reason);
        remote_port_free(port);
}

/* --- up and down ------------------------------------------------------------------------------------- */

static void remote_tell_node_watchers(Remote *remote, bool up, const Reason *reason) {
        Node *node = remote->node;

        LIST_FOREACH (i, &node->node_watchers) {
                tail_begin(&node->tail, "node");
                tail_str(&node->tail, remote_str(remote));
                tail_bool(&node->tail, up);
                tail_reason(&node->tail, reason);
                client_say(container_of(i, Client, node_watch));
        }
}

static void remote_lost(Remote *remote, const Reason *reason) {
        Node *node = remote->node;
        RemotePort *port, *next;

        node->counters.dropped_queued += remote->n_unsent;
        queue_deinit(&remote->unsent);
        remote->n_unsent = 0;
        charges_release(remote);

        HASH_ITER(hh, remote->ports, port, next) {
                mon_set_fire(&node->mons, &port->mons, reason);
                remote_port_free(port);
        }
        mon_set_fire(&node->mons, &remote->mons, reason);

        LIST_FOREACH (i, &remote->contacts)
                contact_down(container_of(i, Contact, by_remote), reason);

        client_resume(node, &remote->stalled);
}

static void remote_fail(Remote *remote);

void remote_up(Remote *remote, Conn *conn) {
        Node *node = remote->node;
        const Reason normal = REASON_NORMAL;

        /* what was dropped since must not be a hole in what goes out now */
        if (remote->failing)
                remote_fail(remote);

        remote->conn = conn;
        timer_stop(&node->timers, &remote->timer);
        remote->dial = dial_free(remote->dial);
        remote->since = node->realtime;
        remote->was_up = true;
        remote->complaints = remote->excused = 0;
        node->peers_up++;
        node->counters.nodes_up++;

        if (!PLANTED(reorder_queue)) {
                conn->sent += remote->n_unsent;
                node->counters.to_peers += remote->n_unsent;
                conn_put_unsent(conn, &remote->unsent);
                remote->n_unsent = 0;
        }
        charges_release(remote);

        node_event(node, EVENT_NODE_UP, remote->id, conn->address, conn->incoming ? "incoming" : "outgoing");
        remote_tell_node_watchers(remote, /* up= */ true, &normal);
        locate_node_up(remote);
}

void remote_down(Remote *remote, const char *text) {
        Node *node = remote->node;
        Reason reason = node_transport_error(node, remote->id, text);

        node_event(node, EVENT_NODE_DOWN, remote->id, remote->conn->address, text);
        remote->conn = NULL;
        remote->since = node->realtime;
        node->peers_up--;
        node->counters.nodes_down++;
        remote_set_binds(remote, NULL);

        buf_reset(&remote->down_reason);
        buf_put(&remote->down_reason, reason.data, reason.len);
        remote->n_down_reason = buf_error(&remote->down_reason) < 0 ? 0 : reason.n;

        watcher_clear(&node->mons, &remote->watcher);
        remote_lost(remote, &reason);
        remote_tell_node_watchers(remote, /* up= */ false, &reason);

        timer_set(&node->timers, &remote->timer, node->now + REMOTE_REMEMBERED);
        locate_node_down(remote);
        seeds_node_down(node->seeds, remote);
}

void remote_attempt_failed(Remote *remote, const char *text) {
        remote->failing = true;
        text_keep(&remote->failure, text);
        timer_set(&remote->node->timers, &remote->timer, remote->node->now);
}

/* The failure that was due. */
static void remote_fail(Remote *remote) {
        const char *why = remote->failure ?: "out of memory";
        Node *node = remote->node;
        Reason reason;

        remote->failing = false;
        node_event(node, EVENT_CONNECT_FAILED, remote->id,
                remote->dial ? dial_failed_at(remote->dial) : NULL, why);
        remote->dial = dial_free(remote->dial);
        remote_set_binds(remote, NULL); /* they were of no use: the next attempt asks again */
        if (remote->was_up)
                timer_set(&node->timers, &remote->timer, node->now + REMOTE_REMEMBERED);

        if (PLANTED(drop_queue) && remote->n_unsent > 0) {
                queue_deinit(&remote->unsent);
                remote->n_unsent = 0;
                return;
        }

        reason = node_transport_error(node, remote->id, why);
        text_keep(&remote->failure, NULL);
        remote_lost(remote, &reason);
}

static void remote_timer(Timer *timer) {
        Remote *remote = container_of(timer, Remote, timer);

        if (remote->failing)
                remote_fail(remote);
        else
                remote->was_up = false;

        remote_gc(remote);
}

bool remote_is_greeting(const Remote *remote) {
        LIST_FOREACH (i, &remote->handshakes)
                if (!container_of(i, Conn, by_remote)->stream.closing)
                        return true;

        return false;
}

void remote_want(Remote *remote) {
        int r;

        if (remote->conn || remote->dial || remote->failing)
                return;

        r = dial_new(&remote->dial, remote);
        if (r < 0)
                remote_attempt_failed(
                        remote, r == -EBUSY ? "too many connection attempts" : "out of memory");
}

/* --- being there ------------------------------------------------------------------------------------- */

void remote_set_binds(Remote *remote, char **take) {
        strv_free(remote->binds);
        remote->binds = take;
}

Remote *remote_find(Node *node, Str id) {
        Remote *remote;

        HASH_FIND(hh, node->remotes, id.p, id.n, remote);
        return remote;
}

Remote *remote_get(Node *node, Str id) {
        Remote *remote = remote_find(node, id);

        if (remote)
                return remote;

        remote = calloc(1, sizeof(*remote));
        if (!remote)
                return NULL;

        remote->node = node;
        remote->id = strndup(id.p, id.n);
        remote->id_len = id.n;
        remote->since = node->realtime;
        list_init(&remote->handshakes);
        list_init(&remote->contacts);
        list_init(&remote->stalled);
        list_init(&remote->charges);
        remote->serial = ++node->last_serial;
        mon_set_init(&remote->mons, &remote_mons_ops);
        watcher_init(&remote->watcher, WATCHER_PEER);
        timer_init(&remote->timer, remote_timer);

        if (remote->id)
                HASH_ADD_KEYPTR(hh, node->remotes, remote->id, remote->id_len, remote);
        if (!remote->id || hash_failed(remote)) {
                free(remote->id);
                free(remote);
                return NULL;
        }

        return remote;
}

void remote_gc(Remote *remote) {
        if (!remote->conn && !remote->dial && !remote->failing && !remote->was_up &&
                list_is_empty(&remote->handshakes) && list_is_empty(&remote->contacts) && !remote->ports &&
                remote->mons.n == 0 && remote->n_spawned == 0 && remote->relayed == 0)
                remote_free(remote);
}

void remote_gc_soon(Remote *remote) {
        if (!remote->conn && !remote->timer.armed)
                timer_set(&remote->node->timers, &remote->timer, remote->node->now);
}

Remote *remote_free(Remote *remote) {
        Node *node = remote->node;
        RemotePort *port, *next;

        timer_stop(&node->timers, &remote->timer);
        dial_free(remote->dial);
        charges_release(remote);
        client_resume(node, &remote->stalled);
        HASH_ITER(hh, remote->ports, port, next) {
                remote_port_free(port);
        }
        HASH_DEL(node->remotes, remote);
        queue_deinit(&remote->unsent);
        buf_deinit(&remote->down_reason);
        strv_free(remote->binds);
        free(remote->failure);
        free(remote->id);
        free(remote);
        return NULL;
}
