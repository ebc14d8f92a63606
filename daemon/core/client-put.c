/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is said to a client. One that doesn't read stops those who feed it, and is cut at the hard limit:
 * nothing is left out.
 */

#include "daemon/core/client.h"
#include "daemon/core/plant.h"
#include "daemon/core/remote.h"

void client_stall(Client *client, List *stalled) {
        if (!list_is_empty(&client->stall))
                return;

        list_append(stalled, &client->stall);
        client->stream.paused = true;
        node_dirty(client->node, &client->stream);
}

void client_resume(Node *node, List *stalled) {
        List *link;

        while ((link = list_pop(stalled))) {
                Client *client = container_of(link, Client, stall);

                client->stream.paused = false;
                node_dirty(node, &client->stream);
        }
}

void client_cut(Client *client, const char *reason, const char *text) {
        if (client->stream.closing)
                return;

        client->cut = reason;
        client->stream.closing = true;
        queue_deinit(&client->stream.out);
        client_resume(client->node, &client->stalled);
        node_dirty(client->node, &client->stream);
        node_event(client->node, EVENT_SLOW, NULL, client->who, text);
}

void client_put(Client *client, const Msg *msg) {
        Node *node = client->node;
        size_t waited = client->stream.out.len;

        if (client->stream.closing || client->state == CLIENT_GONE) {
                node->counters.no_such_port++;
                return;
        }

        if (PLANTED(slow_drop) && client->stream.out.len > node->config.client_hard)
                return;

        if (node_queue(node, &client->stream, client->framing, msg) < 0) {
                client_cut(client, "no_memory", "out of memory");
                return;
        }

        client->sent++;
        node->counters.to_clients++;

        /* what waited before: one message can be larger than the limit as JSON, six octets for one */
        if (waited > node->config.client_hard && !PLANTED(slow_drop))
                client_cut(client, "too_slow", "does not read what is sent to it");
        else if (node->source && client->stream.out.len > node->config.client_high)
                client_stall(node->source, &client->stalled);
}

void client_say(Client *client) {
        Msg msg = tail_msg(&client->node->tail, STR_NULL);

        if (buf_error(&client->node->tail.buf) < 0)
                client_cut(client, "no_memory", "out of memory");
        else
                client_put(client, &msg);
}

static void client_say_origin(Client *client, const Origin *from) {
        Tail *tail = &client->node->tail;

        tail_begin(tail, "src");
        tail_str(tail, from->peer ? remote_str(from->peer) : client->node->id);
        client_say(client);
}

void client_deliver(Client *client, const Origin *from, const Msg *msg) {
        uint64_t origin = from->peer ? from->peer->serial : 0;

        if (client->wants_origin && client->known_origin != origin) {
                client->known_origin = origin;
                client_say_origin(client, from);
        }

        client_put(client, msg);
}

void client_tell(Client *client, const char *tag, Str node_id, Str port, const Reason *reason) {
        Tail *tail = &client->node->tail;

        tail_begin(tail, tag);
        tail_port_id(tail, node_id, port);
        tail_reason(tail, reason);
        client_say(client);
}
