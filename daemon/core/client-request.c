/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a client asks of its own aempd: docs/attach.md, section 4.
 */

#include <errno.h>

#include "daemon/core/admin.h"
#include "daemon/core/client-monitor.h"
#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/contact.h"
#include "daemon/core/func.h"
#include "daemon/core/name.h"
#include "daemon/core/remote.h"
#include "daemon/core/request.h"

typedef int (*ClientRequestFn)(Client *client, const Request *request);

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

        r = client_request_own_port(client, &c, &scratch, &port);
        return r < 0 ? r : name_register(client, name, port);
}

/* reg0, func1, func0: a name is all they have. */
static int request_name(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Str name;
        int r;

        r = request_str(&c, &scratch, &name);
        if (r < 0)
                return r;

        if (str_is(request->tag, "func1"))
                return func_claim(client, name);

        if (str_is(request->tag, "func0"))
                func_disclaim(client, name);
        else
                name_unregister(client, name);
        return 0;
}

static const struct {
        const char *tag;
        ClientRequestFn fn;
} client_requests[] = {
        {"mon1", client_request_mon1},
        {"mon0", client_request_mon0},
        {"kil0", client_request_kil0},
        {"kil1", client_request_kil1},
        {"reg1", request_reg1},
        {"reg0", request_name},
        {"func1", request_name},
        {"func0", request_name},
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
        return r == 0 ? (func_is_function(request->tag) ? -ESRCH : -ENOENT) : r;
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
