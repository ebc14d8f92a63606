/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a peer asks of our node port. Nothing it says is answered by closing the connection; what can't be
 * carried out is logged, the first few times, and counted.
 */

#include <errno.h>
#include <stdio.h>

#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/locate.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/request.h"
#include "daemon/core/text.h"

#define COMPLAINTS_MAX 10

static int peer_mon1(Remote *peer, Str name) {
        Node *node = peer->node;
        Reason reason;
        int r;

        if (name.n == 0)
                return 0;

        r = port_watch(node, name, &peer->watcher);
        if (r >= 0)
                return 0;
        if (r == -ENOENT)
                return port_tell_missing(node, &peer->watcher, name);

        reason = reason_make(&node->reason, "limit",
                r == -EDQUOT ? "that node has as many monitors as it may" : "out of memory", NULL);
        port_tell(node, &peer->watcher, name, &reason);
        return 0;
}

static void peer_kil1(Remote *peer, Str name, const Reason *reason) {
        Node *node = peer->node;
        Client *owner = client_of_port(node, name);

        if (!owner) {
                node->counters.no_such_port += name.n > 0;
                return;
        }

        tail_begin(&node->tail, "kil1");
        tail_str(&node->tail, name);
        tail_reason(&node->tail, reason);
        client_say(owner);
}

/* mon1, mon0, kil0, kil1: 1, 0 when it is none of them, or an error. */
static int peer_request_monitor(Remote *peer, Str tag, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Node *node = peer->node;
        Reason reason;
        Str name;

        if (!str_is(tag, "mon1") && !str_is(tag, "mon0") && !str_is(tag, "kil0") && !str_is(tag, "kil1"))
                return 0;
        if (n == 0)
                return str_is(tag, "mon0") ? 1 : -EINVAL;
        if (cbor_read_str_or_null(&c, &scratch, &name) < 0)
                return -EINVAL;

        reason = reason_rest(c, n - 1);
        if (str_is(tag, "mon1"))
                return peer_mon1(peer, name) ?: 1;

        if (str_is(tag, "mon0"))
                port_unwatch(node, name, &peer->watcher);
        else if (str_is(tag, "kil0"))
                remote_port_died(peer, name, &reason);
        else
                peer_kil1(peer, name, &reason);

        return 1;
}

static int peer_request_mesh(Remote *peer, Str tag, CborCursor c, uint64_t n) {
        if (str_is(tag, "g_slave"))
                locate_slave(peer, c);
        else if (str_is(tag, "g_find"))
                locate_find(peer, c);
        else if (str_is(tag, "g_found"))
                locate_found(peer, c);
        else
                return str_is(tag, "g_global");

        return 1;
}

static void peer_complain(Remote *peer, Str tag, const char *text) {
        char clean[64];

        peer->node->counters.unknown_requests++;
        if (peer->complaints >= COMPLAINTS_MAX)
                return;

        peer->complaints++;
        text_clean(clean, sizeof(clean), tag);
        node_eventf(peer->node, EVENT_REQUEST_FAILED, peer->id, peer->conn ? peer->conn->address : NULL,
                "request \"%s\": %s%s", clean, text,
                peer->complaints == COMPLAINTS_MAX ? " (further ones are only counted)" : "");
}

void peer_request(Remote *peer, const Msg *msg) {
        const Origin from = {.peer = peer};
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = msg_cursor(msg);
        Node *node = peer->node;
        uint64_t n = msg->n;
        Str tag;
        int r;

        if (n == 0)
                return;
        if (cbor_read_str_or_null(&c, &scratch, &tag) < 0) {
                peer_complain(peer, STR_NULL, "its name is no string");
                return;
        }
        n--;

        r = peer_request_monitor(peer, tag, c, n);
        if (r == 0)
                r = peer_request_mesh(peer, tag, c, n);
        if (r == 0)
                r = request_common(node, &from, tag, c, n);

        switch (r) {
        case 0:
                peer_complain(peer, tag, "unknown here");
                break;
        case -EPERM:
                peer_complain(peer, tag, "its target is a request that only a node itself may send");
                break;
        case -ELOOP:
                peer_complain(peer, tag, "too many requests within each other");
                break;
        case -ENOMEM:
                if (peer->conn)
                        conn_end(peer->conn, "out of memory");
                break;
        default:
                if (r < 0)
                        peer_complain(peer, tag, "the arguments are not of its form");
        }
}
