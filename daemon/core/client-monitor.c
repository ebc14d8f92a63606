/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/client-monitor.h"

#include <errno.h>
#include <string.h>

#include "daemon/core/client.h"
#include "daemon/core/contact.h"
#include "daemon/core/plant.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"

/* A port, anywhere, as node ID and name. What has no '#' is a node, or one of the client's own ports. */
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

/* Here the name of one that was spawned does as well: somebody else chose it, and it may be a node's ID, so
 * elsewhere it does not. */
int client_request_own_port(Client *client, CborCursor *c, Buf *scratch, Str *ret_port) {
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

int client_request_mon1(Client *client, const Request *request) {
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

int client_request_mon0(Client *client, const Request *request) {
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

int client_request_kil0(Client *client, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = request->args;
        Reason reason;
        Str port;
        int r;

        r = client_request_own_port(client, &c, &scratch, &port);
        if (r < 0)
                return r;

        reason = reason_rest(c, request->n - 1);
        port_died(client->node, port, &reason);
        return 0;
}

int client_request_kil1(Client *client, const Request *request) {
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
