/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a client is told when a request of its own can't be carried out
 */

#include <errno.h>

#include "daemon/core/client.h"

/* Of refused arguments, those that are longer are sent back as null (a port ID never is), and so many at
 * most. */
#define REFUSED_ARGUMENT_MAX 600
#define REFUSED_ARGUMENTS_MAX 16

void client_refuse(
        Client *client, Str tag, const char *code, const char *text, CborCursor rest, uint64_t n) {
        Tail *tail = &client->node->tail;

        client->node->counters.refused++;
        tail_begin(tail, "refused");
        tail_str(tail, tag);
        tail_str(tail, str_from(code));
        tail_str(tail, str_from(text));
        for (uint64_t i = 0; i < n && i < REFUSED_ARGUMENTS_MAX; i++) {
                const uint8_t *start = rest.p;

                if (cbor_skip(&rest) < 0)
                        break;
                if (rest.p - start <= REFUSED_ARGUMENT_MAX)
                        tail_octets(tail, start, (size_t) (rest.p - start), 1);
                else
                        tail_null(tail);
        }
        client_say(client);
}

void client_refuse_error(Client *client, Str tag, int error, CborCursor rest, uint64_t n) {
        static const struct {
                int error;
                const char *code, *text;
        } reasons[] = {
                {-EACCES, "denied", "not allowed for this client"},
                {-EPERM, "denied", "only aempd itself sends this to the node port of another node"},
                {-EDQUOT, "limit", "this client talks to as many nodes as it may"},
                {-ENOSPC, "limit", "this user has as many names and functions as it may"},
                {-EUSERS, "limit", "this user has as many spawned ports as it may"},
                {-EADDRINUSE, "denied", "another user's port has that name"},
                {-EEXIST, "denied", "the port's name was taken"},
                {-ESRCH, "unknown", "nobody on this node has that function"},
                {-EMSGSIZE, "limit", "the reply would be larger than max_message"},
                {-ENOENT, "unknown", "no such request"},
                {-ELOOP, "invalid", "too many requests within each other"},
                {-EBADMSG, "invalid",
                        "a message is an array that starts with a port ID, a node ID or an empty string"},
        };
        bool message = str_is(tag, "snd") && n == 1;

        if (error == -ENOMEM) {
                client_cut(client, "no_memory", "out of memory");
                return;
        }

        for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
                if (reasons[i].error == error) {
                        client_refuse(client, tag, reasons[i].code, reasons[i].text, rest, n);
                        return;
                }

        client_refuse(client, tag, "invalid",
                message ? "not a port ID" : "the arguments are not of this request's form", rest, n);
}
