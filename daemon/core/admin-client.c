/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdio.h>

#include "daemon/core/admin-put.h"
#include "daemon/core/admin.h"
#include "daemon/core/client.h"
#include "daemon/core/port.h"

static void admin_client(const Client *client, Buf *to) {
        const Node *node = client->node;
        unsigned watched = 0, spawned = 0;
        char prefix[64];

        LIST_FOREACH (i, &client->ports) {
                const LocalPort *port = container_of(i, LocalPort, by_owner);

                watched += port->mons.n > 0;
                spawned += port->spawned;
        }

        snprintf(prefix, sizeof(prefix), "%s%" PRIu64 ".", node->prefix, client->number);
        cbor_put_map(to, 17);
        put_uint(to, "client", client->number);
        put_str(to, "program", client->program);
        put_uint(to, "pid", (uint64_t) client->creds.pid);
        put_uint(to, "uid", client->creds.uid);
        put_uint(to, "gid", client->creds.gid);
        put_str(to, "prefix", prefix);
        put_str(to, "framing", framing_to_string(client->framing));
        put_seconds(to, "since", client->since);
        put_uint(to, "queued", client->stream.out.len);
        put_uint(to, "monitors", client->watcher.n);
        put_uint(to, "watched", watched);
        put_uint(to, "spawned", spawned);
        put_uint(to, "names", client->n_names);
        put_uint(to, "functions", client->n_funcs);
        put_uint(to, "received", client->received);
        put_uint(to, "sent", client->sent);
        put_uint(to, "unanswered_downs", client->n_downs);
}

void admin_clients(const Node *node, Buf *to) {
        cbor_put_array(to, node->n_attached);
        for (const Client *i = node->clients; i; i = i->hh.next)
                if (i->attached)
                        admin_client(i, to);
}
