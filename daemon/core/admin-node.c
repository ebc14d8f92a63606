/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/admin-put.h"
#include "daemon/core/admin.h"
#include "daemon/core/conn.h"
#include "daemon/core/remote.h"

/* How the other side proved who it is, how we did, and in what we talk. conn is NULL while it is not up. */
static void admin_security(const Conn *conn, Buf *to) {
        const ConnSecurity *tls = conn ? conn->security : NULL;

        put_str(to, "tls", tls ? tls->version : NULL);
        put_str(to, "cipher", tls ? tls->cipher : NULL);
        put_key(to, "certificate");
        if (tls && tls->subject) {
                cbor_put_map(to, 2);
                put_str(to, "subject", tls->subject);
                put_key(to, "expires");
                cbor_put_double(to, (double) tls->expires);
        } else {
                cbor_put_null(to);
        }
        put_str(to, "auth", conn ? conn->method : NULL);
        put_str(to, "auth_sent", conn ? conn->method_sent : NULL);
        put_str(to, "framing", conn ? framing_to_string(conn->reader.framing) : NULL);
        put_str(to, "framing_sent", conn ? framing_to_string(conn->framing) : NULL);
}

static void admin_node(const Remote *remote, Buf *to) {
        const Conn *conn = remote->conn;

        cbor_put_map(to, 19);
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
        admin_security(conn, to);
}

void admin_nodes(const Node *node, Buf *to) {
        cbor_put_array(to, HASH_COUNT(node->remotes));
        for (const Remote *i = node->remotes; i; i = i->hh.next)
                admin_node(i, to);
}
