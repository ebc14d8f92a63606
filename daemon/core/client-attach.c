/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/client-attach.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/greeting.h"
#include "daemon/core/text.h"

#define PROGRAM_MAX 64

void client_name(Client *client, Str program) {
        _cleanup_buf_ Buf plain = BUF_INIT;
        char clean[PROGRAM_MAX + 1], who[PROGRAM_MAX + 32];

        value_unescape(&plain, program);
        text_clean(clean, sizeof(clean), buf_str(&plain));
        snprintf(who, sizeof(who), "%s[%" PRIdMAX "]", clean[0] ? clean : "?", (intmax_t) client->creds.pid);

        free(client->program);
        free(client->who);
        client->program = buf_error(&plain) < 0 ? NULL : strdup(clean);
        client->who = strdup(who);
}

void client_refuse_attach(Client *client, const char *text) {
        _cleanup_buf_ Buf line = BUF_INIT;

        buf_printf(&line, "error;%s\n", text);
        if (buf_error(&line) == 0)
                (void) queue_put(&client->stream.out, line.data, line.len); /* closed in any case */

        timer_stop(&client->node->timers, &client->timer);
        client->state = CLIENT_GONE;
        client->stream.closing = true;
        node_dirty(client->node, &client->stream);
        client->node->counters.protocol_errors++;
        node_event(client->node, EVENT_CLIENT_REFUSED, NULL, client->who, text);
}

static Framing client_choose_framing(Str accepted) {
        Str i;

        while (comma_list_next(&accepted, &i)) {
                Framing framing = framing_from_string(i);

                if (framing >= 0)
                        return framing;
        }

        return _FRAMING_INVALID;
}

void client_attach(Client *client, Str line) {
        Node *node = client->node;
        _cleanup_buf_ Buf answer = BUF_INIT;
        Greeting g;
        Str value;

        if (greeting_parse(line, &g) < 0 || !str_is(g.protocol, "aemp-client")) {
                client_refuse_attach(
                        client, "this is the attach socket of aempd: send aemp-client;1;<program>;;cbor");
                return;
        }
        client_name(client, g.name);
        if (!str_is(g.version, "1")) {
                client_refuse_attach(client, "this aempd speaks version 1 of the attach protocol");
                return;
        }

        client->framing = client_choose_framing(g.framings);
        if (client->framing < 0) {
                client_refuse_attach(client, "no framing in common: this aempd has cbor and json");
                return;
        }
        if (!client->program || !client->who) {
                client_refuse_attach(client, "out of memory");
                return;
        }

        client->wants_origin = greeting_key(&g, "src", &value) && str_is(value, "1");
        timer_stop(&node->timers, &client->timer);
        frame_reader_init(&client->reader, client->framing, node->config.max_message);
        client->state = CLIENT_OPEN;
        client->attached = true;
        node->n_attached++;

        buf_printf(&answer, "aemp-client;1;%s;;%s;prefix=%s%" PRIu64 ".;max_message=%zu\n", node->config.id,
                framing_to_string(client->framing), node->prefix, client->number, node->config.max_message);
        if (buf_error(&answer) < 0 || queue_put(&client->stream.out, answer.data, answer.len) < 0) {
                client_cut(client, "no_memory", "out of memory");
                return;
        }
        node_dirty(node, &client->stream);
        node_event(node, EVENT_CLIENT_ATTACHED, NULL, client->who, framing_to_string(client->framing));
}

void client_line_timeout(Timer *timer) {
        client_refuse_attach(container_of(timer, Client, timer), "the attach line did not come in time");
}
