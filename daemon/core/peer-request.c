/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a peer asks of our node port. Nothing it says is answered by closing the connection; what can't be
 * carried out is logged, the first few times, and counted.
 */

#include <errno.h>

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
        Client *owner = port_owner(node, name);

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
        int r;

        if (!str_is(tag, "mon1") && !str_is(tag, "mon0") && !str_is(tag, "kil0") && !str_is(tag, "kil1"))
                return 0;
        if (n == 0)
                return str_is(tag, "mon0") ? 1 : -EINVAL;
        r = request_str_or_null(&c, &scratch, &name);
        if (r < 0)
                return r;

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

static int peer_request_mesh(Remote *peer, Str tag, CborCursor c) {
        if (str_is(tag, "g_slave"))
                return locate_slave(peer, c) ?: 1;
        if (str_is(tag, "g_find"))
                return locate_find(peer, c) ?: 1;
        if (str_is(tag, "g_found"))
                return locate_found(peer, c) ?: 1;

        return str_is(tag, "g_global");
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

/* What it asked for is lost: so is the connection, for both sides to know. */
static void peer_no_memory(Remote *peer) {
        if (peer->conn)
                conn_end(peer->conn, "out of memory");
}

static const char *complaint(int error) {
        switch (error) {
        case 0:
                return "unknown here";
        case -EPERM:
                return "its target is a request that only a node itself may send";
        case -ELOOP:
                return "too many requests within each other";
        case -EEXIST:
                return "the port's name was taken";
        case -ESRCH:
                return "nobody here has that function";
        case -EUSERS:
                return "that node has as many spawned ports as it may";
        default:
                return "the arguments are not of its form";
        }
}

/* 1: done; 0: no such request; or an error. */
static int peer_request_run(Remote *peer, const Request *request) {
        const Origin from = {.peer = peer};

        return peer_request_monitor(peer, request->tag, request->args, request->n)
                ?: peer_request_mesh(peer, request->tag, request->args)
                ?: request_common(peer->node, &from, request);
}

void peer_request(Remote *peer, const Msg *msg) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Request request = {.msg = msg, .args = msg_cursor(msg), .n = msg->n};
        Remote *outer = peer->node->relayer;
        int r;

        if (request.n == 0)
                return;

        r = request_str_or_null(&request.args, &scratch, &request.tag);
        if (r == -ENOMEM) {
                peer_no_memory(peer);
                return;
        }
        if (r < 0) {
                peer_complain(peer, STR_NULL, "its name is no string");
                return;
        }
        request.n--;

        peer->node->relayer = peer;
        r = peer_request_run(peer, &request);
        peer->node->relayer = outer;

        if (r == -ENOMEM)
                peer_no_memory(peer);
        else if (r <= 0)
                peer_complain(peer, request.tag, complaint(r));
}
