/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/route.h"

#include <errno.h>

#include "daemon/core/client.h"
#include "daemon/core/contact.h"
#include "daemon/core/plant.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/request.h"

/* Requests that make requests to ourselves: each of them copies the message, so there is an end to it. */
#define ROUTE_HOPS_MAX 16

int route_local(Node *node, const Origin *from, const Msg *msg) {
        Client *client;

        if (msg->to.n > 0) {
                client = port_owner(node, msg->to);
                if (client)
                        client_deliver(client, from, msg);
                else
                        node->counters.no_such_port++;
                return 0;
        }

        if (node->hops >= ROUTE_HOPS_MAX)
                return -ELOOP;

        node->hops++;
        if (from->client)
                client_request(from->client, msg);
        else
                peer_request(from->peer, msg);
        node->hops--;
        return 0;
}

/* Is this a request to a node port that only an aempd may send to another? 0, -EPERM: it is, -ENOMEM. */
static int msg_check_tag(const Msg *msg) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c = msg_cursor(msg);
        Str tag;
        int r;

        r = request_str(&c, &scratch, &tag);
        if (r == -ENOMEM)
                return r;

        return r == 0 && request_is_internal(tag) ? -EPERM : 0;
}

static int route_from_client(Client *client, Str id, const Msg *msg) {
        Contact *contact;
        int r;

        r = contact_get(client, id, &contact);
        if (r < 0)
                return r;

        if (contact->down && !PLANTED(early_after_down))
                client->node->counters.dropped_down++;
        else
                remote_put(contact->key.remote, msg);

        return 0;
}

int route(Node *node, const Origin *from, const Msg *msg) {
        Remote *remote;
        Msg there;
        Str id;
        int r;

        /* not a copy of the whole: it was written a moment ago, and the copy would wait for that */
        there.n = msg->n;
        there.tail = msg->tail;
        there.tail_len = msg->tail_len;
        there.odd = msg->odd;
        port_id_split(msg->to, &id, &there.to);

        if (str_equal(id, node->id) || msg->to.n == 0)
                return route_local(node, from, &there);
        if (!port_name_is_valid(there.to))
                return -EINVAL;
        if (there.to.n == 0) {
                r = msg_check_tag(&there);
                if (r < 0)
                        return r;
        }
        if (from->client)
                return route_from_client(from->client, id, &there);

        if (!node_id_is_valid(id))
                return -EINVAL;
        remote = remote_get(node, id);
        if (!remote)
                return -ENOMEM;

        remote_put(remote, &there);
        return 0;
}
