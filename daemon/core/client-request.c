/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a client asks of its own aempd: docs/attach.md, section 4.
 */

#include <errno.h>

#include "daemon/core/admin.h"
#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/contact.h"
#include "daemon/core/func.h"
#include "daemon/core/name.h"
#include "daemon/core/plant.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/request.h"

typedef int (*ClientRequestFn)(Client *client, const Request *request);

/* A port, anywhere, as node ID and name. What has no '#' is a node, or one of the client's own port names.
 */
static int request_port(Client *client, CborCursor *c, Buf *scratch, Str *ret_node, Str *ret_port) {
        Node *node = client->node;
        Str id;
        int r;

        r = request_str_or_null(c, scratch, &id);
        if (r < 0)
                return r;

        if (!memchr(id.p ?: "", '#', id.n) && client_of_port(node, id) == client) {
                *ret_node = node->id;
                *ret_port = id;
                return 0;
        }

        port_id_split(id, ret_node, ret_port);
        if (id.n == 0)
                *ret_node = node->id;

        return node_id_is_valid(*ret_node) && port_name_is_valid(*ret_port) ? 0 : -EINVAL;
}

/* A port of its own. Here the name of one that was spawned does as well: somebody else chose it, and it may
 * be a node's ID, so elsewhere it does not. -EACCES: it is not the client's. */
static int request_own_port(Client *client, CborCursor *c, Buf *scratch, Str *ret_port) {
        Node *node = client->node;
        CborCursor at = *c;
        Str id;
        int r;

        if (cbor_read_str(&at, scratch, &id) >= 0 && port_owner(node, id) == client) {
                *c = at;
                *ret_port = id;
                return 0;
        }

        r = request_port(client, c, scratch, &id, ret_port);
        if (r < 0)
                return r;

        return str_equal(id, node->id) && port_owner(node, *ret_port) == client ? 0 : -EACCES;
}

static void client_mon_failed(Client *client, Str id, Str port, const char *reason, const char *text) {
        Node *node = client->node;
        Reason r = reason_make(&node->reason, reason, text, NULL);

        client_tell(client, "kil0", id, port, &r);
}

static int request_mon1_here(Client *client, Str port) {
        Node *node = client->node;
        int r;

        if (port.n == 0)
                return 0; /* our own node port ends with the client's connection */

        r = port_watch(node, port, &client->watcher);
        return r == -ENOENT ? port_tell_missing(node, &client->watcher, port) : r;
}

static int request_mon1_there(Client *client, Str id, Str port) {
        Contact *contact;
        Reason reason;
        int r;

        r = contact_get(client, id, &contact);
        if (r == -EDQUOT) {
                client_mon_failed(client, id, port, "limit", "this client talks to as many nodes as it may");
                return 0;
        }
        if (r < 0)
                return r;

        if (contact->down) {
                if (PLANTED(mon_while_down))
                        return 0;

                reason = node_transport_error(
                        client->node, contact->key.remote->id, "the connection to the node was lost");
                client_tell(client, "kil0", id, port, &reason);
                return 0;
        }

        r = remote_watch(contact->key.remote, port, &client->watcher);
        if (r < 0)
                contact_drop_idle(contact);
        return r;
}

static int request_mon1(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Str id, port;
        int r;

        r = request_port(client, &c, &scratch, &id, &port);
        if (r < 0)
                return r;

        r = str_equal(id, client->node->id) ? request_mon1_here(client, port)
                                            : request_mon1_there(client, id, port);
        /* whatever is not watched has to be told of, or the client would rely on it */
        if (r == -EDQUOT)
                client_mon_failed(client, id, port, "limit", "this client has as many monitors as it may");

        return r == -EDQUOT || r > 0 ? 0 : r;
}

static int request_mon0(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Remote *remote;
        Str id, port;
        int r;

        r = request_port(client, &c, &scratch, &id, &port);
        if (r < 0)
                return r;

        if (str_equal(id, client->node->id)) {
                port_unwatch(client->node, port, &client->watcher);
                return 0;
        }

        remote = remote_find(client->node, id);
        if (remote)
                remote_unwatch(remote, port, &client->watcher);
        return 0;
}

static int request_kil0(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Reason reason;
        Str port;
        int r;

        r = request_own_port(client, &c, &scratch, &port);
        if (r < 0)
                return r;

        reason = reason_rest(c, request->n - 1);
        port_died(client->node, port, &reason);
        return 0;
}

static int request_kil1(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Node *node = client->node;
        Contact *contact;
        Reason reason;
        Client *owner;
        Str id, port;
        int r;

        r = request_port(client, &c, &scratch, &id, &port);
        if (r < 0)
                return r;
        if (port.n == 0)
                return 0;

        reason = reason_rest(c, request->n - 1);
        tail_begin(&node->tail, "kil1");
        tail_str(&node->tail, port);
        tail_reason(&node->tail, &reason);

        if (str_equal(id, node->id)) {
                owner = port_owner(node, port);
                if (owner)
                        client_say(owner);
                else
                        node->counters.no_such_port++;
                return 0;
        }

        r = contact_get(client, id, &contact);
        if (r < 0)
                return r;

        if (contact->down)
                node->counters.dropped_down++;
        else
                remote_say(contact->key.remote);
        return 0;
}

static int request_down(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Contact *contact;
        Remote *remote;
        Str id;
        int r;

        r = request_str(&c, &scratch, &id);
        if (r < 0)
                return r;

        remote = remote_find(client->node, id);
        contact = remote ? contact_find(client, remote) : NULL;
        if (contact)
                contact_answered(contact);
        return 0;
}

static int request_nodes1(Client *client, const Request *request) {
        Node *node = client->node;

        for (Remote *i = node->remotes; i && !client->stream.closing; i = i->hh.next) {
                if (!i->conn)
                        continue;

                tail_begin(&node->tail, "node");
                tail_str(&node->tail, remote_str(i));
                tail_bool(&node->tail, true);
                client_say(client);
        }

        list_unlink(&client->node_watch);
        list_append(&node->node_watchers, &client->node_watch);
        return 0;
}

static int request_nodes0(Client *client, const Request *request) {
        list_unlink(&client->node_watch);
        return 0;
}

static int request_bye(Client *client, const Request *request) {
        client->state = CLIENT_BYE;
        if (client->stream.out.len == 0) {
                client->stream.closing = true;
                node_dirty(client->node, &client->stream);
        }
        return 0;
}

static int request_operation(Client *client, const Request *request) {
        const Origin from = {.client = client};
        _cleanup_buf_ Buf results = BUF_INIT;
        int r;

        if (!admin_allowed(client->node, &client->creds))
                return -EACCES;

        r = admin_answer(client->node, request->tag, &results);
        if (r < 0)
                return r;

        return request_reply(client->node, &from, request->args, request->n, &results, 1);
}

static int request_reg1(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Str name, port;
        int r;

        r = request_str(&c, &scratch, &name);
        if (r < 0)
                return r;

        r = request_own_port(client, &c, &scratch, &port);
        return r < 0 ? r : name_register(client, name, port);
}

/* reg0, func1, func0: their only argument. */
static int request_name(const Request *request, Buf *scratch, Str *ret) {
        CborCursor c = request->args;

        return request_str(&c, scratch, ret);
}

static int request_reg0(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str name;
        int r;

        r = request_name(request, &scratch, &name);
        if (r < 0)
                return r;

        name_unregister(client, name);
        return 0;
}

static int request_func1(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str name;
        int r;

        r = request_name(request, &scratch, &name);
        if (r < 0)
                return r;

        return func_claim(client, name);
}

static int request_func0(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str name;
        int r;

        r = request_name(request, &scratch, &name);
        if (r < 0)
                return r;

        func_disclaim(client, name);
        return 0;
}

static const struct {
        const char *tag;
        ClientRequestFn fn;
} client_requests[] = {
        {"mon1", request_mon1},
        {"mon0", request_mon0},
        {"kil0", request_kil0},
        {"kil1", request_kil1},
        {"reg1", request_reg1},
        {"reg0", request_reg0},
        {"func1", request_func1},
        {"func0", request_func0},
        {"down", request_down},
        {"nodes1", request_nodes1},
        {"nodes0", request_nodes0},
        {"bye", request_bye},
};

static ClientRequestFn client_request_find(Str tag) {
        for (size_t i = 0; i < sizeof(client_requests) / sizeof(*client_requests); i++)
                if (str_is(tag, client_requests[i].tag))
                        return client_requests[i].fn;

        return NULL;
}

bool client_request_exists(Str tag) {
        return client_request_find(tag) != NULL;
}

static int client_request_run(Client *client, const Request *request) {
        ClientRequestFn fn = client_request_find(request->tag);
        const Origin from = {.client = client};
        int r;

        if (fn)
                return fn(client, request);
        if (str_starts_with(request->tag, STR_LIT("aempd::")))
                return request_operation(client, request);
        if (str_starts_with(request->tag, STR_LIT("g_")))
                return -EACCES;

        r = request_common(client->node, &from, request);
        return r == 0 ? -ENOENT : r;
}

void client_request(Client *client, const Msg *msg) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Request request = {.msg = msg, .args = msg_cursor(msg), .n = msg->n};
        int r;

        if (request.n == 0)
                return;

        r = request_str_or_null(&request.args, &scratch, &request.tag);
        if (r == -ENOMEM) {
                client_cut(client, "no_memory", "out of memory");
                return;
        }
        if (r < 0) {
                client_refuse(client, STR_NULL, "invalid", "a request starts with its name", request.args,
                        request.n);
                return;
        }
        request.n--;

        r = client_request_run(client, &request);
        if (r < 0)
                client_refuse_error(client, request.tag, r, request.args, request.n);
}
