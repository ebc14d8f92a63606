/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/client.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/client-attach.h"
#include "daemon/core/contact.h"
#include "daemon/core/func.h"
#include "daemon/core/plant.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/route.h"
#include "daemon/core/user.h"

/* --- finding ----------------------------------------------------------------------------------------- */

Client *client_of_port(Node *node, Str name) {
        uint64_t number = 0;
        Client *client;
        size_t i;

        if (!str_starts_with(name, (Str){node->prefix, node->prefix_len}))
                return NULL;

        for (i = node->prefix_len; i < name.n && name.p[i] >= '0' && name.p[i] <= '9'; i++) {
                if (i - node->prefix_len >= 18)
                        return NULL;
                number = number * 10 + (uint64_t) (name.p[i] - '0');
        }

        /* the number, a dot, and something of the client's own; "07" is not the prefix of client 7 */
        if (i == node->prefix_len || name.p[node->prefix_len] == '0' || i + 1 >= name.n || name.p[i] != '.')
                return NULL;

        client = node->last_client;
        if (client && client->number == number)
                return client;

        /* one that was not told its prefix yet can't have a port */
        HASH_FIND(hh, node->clients, &number, sizeof(number), client);
        if (!client || !client->attached)
                return NULL;

        node->last_client = client;
        return client;
}

/* --- input ------------------------------------------------------------------------------------------- */

static void client_protocol_error(Client *client, int error);

static bool frame_is_array(const Frame *frame) {
        CborCursor c = cbor_cursor(frame->p, frame->len);

        return cbor_peek(&c) == CBOR_ARRAY;
}

static void client_message(Client *client, const Frame *frame) {
        Node *node = client->node;
        _cleanup_buf_ Buf id = BUF_INIT;
        const Origin from = {.client = client};
        Msg msg;
        int r;

        client->received++;
        node->counters.from_clients++;

        buf_reset(&node->strings);
        r = msg_parse(&msg, frame->p, frame->len, &node->strings);
        if (r == 0)
                return;
        if (r < 0 && !frame_is_array(frame)) {
                client_protocol_error(client, r);
                return;
        }
        msg.odd = frame->odd;
        if (r > 0)
                r = route(node, &from, &msg);
        if (r >= 0)
                return;

        if (r == -EBADMSG)
                msg.to = STR_NULL;
        cbor_put_str(&id, msg.to);
        client_refuse_error(client, STR_LIT("snd"), buf_error(&id) ?: r, cbor_cursor(id.data, id.len), 1);
}

static void client_protocol_error(Client *client, int error) {
        Node *node = client->node;
        const char *text = error == -EMSGSIZE ? "a message is larger than max_message"
                : error == -ELOOP             ? "a message is nested too deep"
                : error == -ENOMEM            ? "out of memory"
                                              : "what came is not a message";

        node->counters.protocol_errors++;
        client_refuse(client, STR_LIT(""), "protocol", text, cbor_cursor(NULL, 0), 0);
        node_event(node, EVENT_PROTOCOL_ERROR, NULL, client->who, text);

        client->state = CLIENT_BYE;
        client->cut = error == -ENOMEM ? "no_memory" : "detached";
        client->stream.closing = true;
        node_dirty(node, &client->stream);
}

static size_t client_input(Stream *stream, const uint8_t *p, size_t n) {
        Client *client = container_of(stream, Client, stream);
        Node *node = client->node;
        const size_t taken = n;
        Frame frame;
        Str line;
        int r;

        if (client->state == CLIENT_LINE) {
                r = line_read(client->line, &p, &n, &line);
                if (r == 0)
                        return taken;
                if (r < 0)
                        client_refuse_attach(client, "the attach line is too long");
                else
                        client_attach(client, line);

                free(client->line);
                client->line = NULL;
        }

        node->source = client;
        while (client->state == CLIENT_OPEN) {
                r = frame_reader_next(&client->reader, &p, &n, &frame);
                if (r == 0)
                        break;
                if (r < 0)
                        client_protocol_error(client, r);
                else
                        client_message(client, &frame);
        }
        node->source = NULL;
        return taken;
}

static void client_sent(Stream *stream) {
        Client *client = container_of(stream, Client, stream);

        if (client->state == CLIENT_BYE && stream->out.len == 0 && !stream->closing) {
                stream->closing = true;
                node_dirty(client->node, stream);
        }

        if (!list_is_empty(&client->stalled) && stream->out.len <= client->node->config.client_high / 2)
                client_resume(client->node, &client->stalled);
}

/* --- the end ----------------------------------------------------------------------------------------- */

static void client_free(Client *client) {
        Node *node = client->node;

        if (node->last_client == client)
                node->last_client = NULL;

        timer_stop(&node->timers, &client->timer);
        HASH_DEL(node->clients, client);
        node->n_clients--;
        node->n_attached -= client->attached;
        func_client_gone(client);
        client_resume(node, &client->stalled);
        list_unlink(&client->stall);
        client->user->n_clients--;
        user_gc(client->user);
        list_unlink(&client->node_watch);
        list_unlink(&client->stream.dirty);
        queue_deinit(&client->stream.out);
        frame_reader_deinit(&client->reader);
        free(client->line);
        free(client->program);
        free(client->who);
        free(client);
}

static Reason client_end_reason(Client *client) {
        Node *node = client->node;
        Reason reason;

        if (client->state == CLIENT_BYE && !client->cut)
                return REASON_NORMAL;

        reason = reason_make(&node->reason, client->cut ?: "detached", client->program, NULL);
        cbor_put_uint(&node->reason, (uint64_t) client->creds.pid);
        if (reason.n < 2 || buf_error(&node->reason) < 0)
                return reason;

        return (Reason){reason.n + 1, node->reason.data, node->reason.len};
}

static void client_closed(Stream *stream, const char *why) {
        Client *client = container_of(stream, Client, stream);
        Node *node = client->node;
        Reason reason = client_end_reason(client);

        if (client->attached)
                node_event(node, EVENT_CLIENT_DETACHED, NULL, client->who,
                        client->state == CLIENT_BYE && !client->cut ? "normally"
                                : client->cut                       ? client->cut
                                                                    : why);

        client->state = CLIENT_GONE;
        port_owner_gone(client, &reason);
        watcher_clear(&node->mons, &client->watcher);
        while (!list_is_empty(&client->contacts)) {
                Contact *contact = container_of(client->contacts.next, Contact, by_client);
                Remote *remote = contact->key.remote;

                contact_free(contact);
                remote_gc(remote);
        }
        client_free(client);
}

static void client_connected(Stream *stream, const char *peer_address) {
        /* a client is there from the start */
}

static const StreamOps client_ops = {
        .connected = client_connected,
        .input = client_input,
        .sent = client_sent,
        .closed = client_closed,
};

static Client *client_new(Node *node, const ClientCreds *creds) {
        Client *client;

        client = calloc(1, sizeof(*client));
        if (!client)
                return NULL;

        client->node = node;
        client->creds = *creds;
        client->since = node->realtime;
        client->number = PLANTED(same_prefix) && node->next_client > 2 ? 2 : node->next_client++;
        client->stream.ops = &client_ops;
        list_init(&client->stream.dirty);
        watcher_init(&client->watcher, WATCHER_CLIENT);
        list_init(&client->ports);
        list_init(&client->claims);
        list_init(&client->contacts);
        list_init(&client->stalled);
        list_init(&client->stall);
        list_init(&client->node_watch);
        timer_init(&client->timer, client_line_timeout);

        client_name(client, STR_NULL);
        client->line = malloc(sizeof(*client->line));
        if (client->who && client->line)
                HASH_ADD(hh, node->clients, number, sizeof(client->number), client);
        if (hash_failed(client)) {
                free(client->line);
                free(client->program);
                free(client->who);
                free(client);
                return NULL;
        }

        line_reader_init(client->line);
        return client;
}

int node_attach(Node *node, const ClientCreds *creds, Stream **ret) {
        Client *client;
        User *user;

        if (node->n_clients >= node->config.max_clients)
                return -EBUSY;

        user = user_get(node, creds->uid);
        if (!user)
                return -ENOMEM;

        client = client_new(node, creds);
        if (!client) {
                user_gc(user);
                return -ENOMEM;
        }

        client->user = user;
        node->n_clients++;
        timer_set(&node->timers, &client->timer, node->now + node->config.handshake_timeout);
        user->n_clients++;
        if (!user_has_room(user, user->n_clients - 1, user_clients_max(node)))
                client_refuse_attach(client, "this user has as many clients as one user may");

        *ret = &client->stream;
        return 0;
}

void client_free_all(Node *node) {
        Client *client, *next;

        HASH_ITER(hh, node->clients, client, next) {
                while (!list_is_empty(&client->contacts))
                        contact_free(container_of(client->contacts.next, Contact, by_client));
                client->state = CLIENT_GONE;
                port_owner_gone(client, &REASON_NORMAL);
                watcher_clear(&node->mons, &client->watcher);
                client_free(client);
        }
}
