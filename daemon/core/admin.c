/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The tables here are those of docs/attach.md, section 5: a promise.
 */

#include "daemon/core/admin.h"

#include <errno.h>

#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/remote.h"
#include "daemon/core/seed.h"

bool admin_allowed(const Node *node, const ClientCreds *creds) {
        if (creds->uid == 0 || creds->uid == node->config.own_uid)
                return true;

        for (size_t i = 0; i < node->config.n_admins; i++)
                if (creds->uid == node->config.admins[i])
                        return true;

        return false;
}

static void put_key(Buf *to, const char *key) {
        cbor_put_text(to, str_from(key));
}

static void put_str(Buf *to, const char *key, const char *value) {
        put_key(to, key);
        if (value)
                cbor_put_str(to, str_from(value));
        else
                cbor_put_null(to);
}

static void put_uint(Buf *to, const char *key, uint64_t value) {
        put_key(to, key);
        cbor_put_uint(to, value);
}

static void put_seconds(Buf *to, const char *key, uint64_t usec) {
        put_key(to, key);
        cbor_put_double(to, (double) usec / USEC_PER_SEC);
}

static void put_bool(Buf *to, const char *key, bool value) {
        put_key(to, key);
        cbor_put_bool(to, value);
}

static void admin_counters(const Node *node, Buf *to) {
        const Counters *c = &node->counters;
        const struct {
                const char *name;
                uint64_t value;
        } all[] = {
                {"from_clients", c->from_clients},
                {"from_peers", c->from_peers},
                {"to_clients", c->to_clients},
                {"to_peers", c->to_peers},
                {"no_such_port", c->no_such_port},
                {"dropped_down", c->dropped_down},
                {"dropped_queued", c->dropped_queued},
                {"monitors_fired", node->mons.fired},
                {"refused", c->refused},
                {"unknown_requests", c->unknown_requests},
                {"auth_failed", c->auth_failed},
                {"protocol_errors", c->protocol_errors},
                {"nodes_up", c->nodes_up},
                {"nodes_down", c->nodes_down},
        };
        size_t n = sizeof(all) / sizeof(*all);

        cbor_put_map(to, n);
        for (size_t i = 0; i < n; i++)
                put_uint(to, all[i].name, all[i].value);
}

static void admin_status(const Node *node, Buf *to) {
        cbor_put_map(to, 11);
        put_uint(to, "version", 1);
        put_str(to, "aempd", AEMPD_VERSION);
        put_str(to, "node", node->config.id);
        put_key(to, "binds");
        cbor_put_array(to, node->n_binds);
        for (size_t i = 0; i < node->n_binds; i++)
                cbor_put_str(to, str_from(node->binds[i]));
        put_uint(to, "pid", (uint64_t) node->config.own_pid);
        put_seconds(to, "uptime", node->now - node->started);
        put_uint(to, "clients", node->n_clients);
        put_uint(to, "nodes", node->peers_up);
        put_key(to, "seeds");
        seeds_describe(node->seeds, to);
        put_key(to, "counters");
        admin_counters(node, to);
        put_uint(to, "half_open", node->half_open);
}

static void admin_node(const Remote *remote, Buf *to) {
        const Conn *conn = remote->conn;

        cbor_put_map(to, 12);
        put_str(to, "node", remote->id);
        put_str(to, "state",
                conn                                                          ? "up"
                        : remote->dial || !list_is_empty(&remote->handshakes) ? "connecting"
                                                                              : "down");
        put_str(to, "address", conn ? conn->address : NULL);
        put_seconds(to, "since", remote->since);
        put_bool(to, "incoming", conn && conn->incoming);
        put_key(to, "reason");
        if (conn || remote->n_down_reason == 0) {
                cbor_put_null(to);
        } else {
                cbor_put_array(to, remote->n_down_reason);
                buf_put(to, remote->down_reason.data, remote->down_reason.len);
        }
        put_uint(to, "queued", remote_queued(remote));
        put_uint(to, "monitors", HASH_COUNT(remote->ports));
        put_uint(to, "watching", remote->watcher.n);
        put_uint(to, "received", conn ? conn->received : 0);
        put_uint(to, "sent", conn ? conn->sent : 0);
        put_str(to, "provider", conn ? conn->provider : NULL);
}

static void admin_nodes(const Node *node, Buf *to) {
        cbor_put_array(to, HASH_COUNT(node->remotes));
        for (const Remote *i = node->remotes; i; i = i->hh.next)
                admin_node(i, to);
}

static void admin_client(const Client *client, Buf *to) {
        const Node *node = client->node;

        cbor_put_map(to, 14);
        put_uint(to, "client", client->number);
        put_str(to, "program", client->program);
        put_uint(to, "pid", (uint64_t) client->creds.pid);
        put_uint(to, "uid", client->creds.uid);
        put_uint(to, "gid", client->creds.gid);
        put_key(to, "prefix");
        {
                _cleanup_buf_ Buf prefix = BUF_INIT;

                buf_printf(&prefix, "%s%llu.", node->prefix, (unsigned long long) client->number);
                cbor_put_str(to, buf_str(&prefix));
        }
        put_str(to, "framing", framing_to_string(client->framing));
        put_seconds(to, "since", client->since);
        put_uint(to, "queued", client->stream.out.len);
        put_uint(to, "monitors", client->watcher.n);
        put_uint(to, "watched", client->n_ports);
        put_uint(to, "received", client->received);
        put_uint(to, "sent", client->sent);
        put_uint(to, "unanswered_downs", client->n_downs);
}

static void admin_clients(const Node *node, Buf *to) {
        cbor_put_array(to, HASH_COUNT(node->clients));
        for (const Client *i = node->clients; i; i = i->hh.next)
                admin_client(i, to);
}

int admin_answer(Node *node, Str tag, Buf *to) {
        if (str_is(tag, "aempd::status"))
                admin_status(node, to);
        else if (str_is(tag, "aempd::nodes"))
                admin_nodes(node, to);
        else if (str_is(tag, "aempd::clients"))
                admin_clients(node, to);
        else
                return -ENOENT;

        return buf_error(to);
}
