/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * More than may be, less than has to be, and later than it should be.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "rig.h"
#include "tests/unit/test.h"

/* A second connection has proved who it is, and waits: what it says meanwhile is kept, up to a MiB. */
TEST(too_much_before_it_is_over) {
        static char text[300000];
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second = rig_accept(rig);

        rig_greet(second, "host2", "");
        rig_auth(second, RIG_SECRET);
        rig_events(rig);
        memset(text, 0x60, sizeof(text)); /* no messages, which nobody looks at */
        for (int i = 0; i < 3; i++)
                rig_octets(second, text, sizeof(text));
        check(second->stream && second->stream->paused);
        check_str(rig_events(rig), "");
        rig_octets(second, text, sizeof(text));
        check(!second->stream);
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1002 it sent too much before its handshake was over\n");

        /* and the first is as it was */
        rig_sleep(rig, 2 * USEC_PER_SEC);
        check(first->stream);
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

static void tls(NodeConfig *config) {
        config->tls = true;
}

/* TLS comes about in the very moment in which it has taken too long. */
TEST(secured_too_late) {
        static const StreamSecurity security = {"TLSv1.3", "x", "CN=x", 1};
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        rig->now += 6 * USEC_PER_SEC;
        node_set_time(rig->node, rig->now, rig->now);
        node_tick(rig->node);
        check(end->stream->closing);
        stream_secured(end->stream, &security);
        rig_turn(rig);
        check(!end->stream);
        check_str(rig_events(rig), "CONN_REFUSED host2 192.0.2.1:1001 its handshake took too long\n");
        rig_free(rig);
}

/* All that is accepted needs a secret, and there is none; a certificate does not help. */
static void no_method(NodeConfig *config) {
        static const char *const accept[] = {"hmac_sha3_512", NULL};

        config->tls = true;
        config->n_secrets = 0;
        config->auth_accept = accept;
}

TEST(nothing_is_accepted) {
        Rig *rig = rig_new_with("host1", NULL, no_method);
        RigEnd *end = rig_accept(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        check(!end->stream);
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1001 no authentication method is accepted here\n");
        rig_free(rig);
}

/* A request that asks for a reply in as large a message as may be: with the result it would be larger. */
TEST(reply_that_is_too_large) {
        static char text[(1 << 20) + 1];
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "x");
        int n;

        n = snprintf(text, sizeof(text), "[\"\",\"time\",\"host1#%sp\",\"", a->prefix);
        memset(text + n, 'x', (size_t) ((1 << 20) - 8 - n));
        memcpy(text + (1 << 20) - 8, "\"]", 3);
        rig_octets(a, text, strlen(text));
        check_str(rig_heard(a),
                expect("[\"\",\"refused\",\"time\",\"limit\",\"the reply would be larger than max_message\","
                       "\"host1#%sp\",null]\n",
                        a->prefix));
        rig_free(rig);
}

TEST(reply_to_what_is_none) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "x"), *peer = rig_peer(rig, "host2");

        rig_say(a, "[\"\",\"time\",[1]]");
        check_str(rig_heard(a),
                "[\"\",\"refused\",\"time\",\"invalid\",\"the arguments are not of this request's "
                "form\",[1]]\n");
        rig_say(a, "[\"\",\"time\",\"host 2#p\"]");
        check(strstr(rig_heard(a), "[\"\",\"refused\",\"time\",\"invalid\","));
        rig_events(rig);
        rig_say(peer, "[\"\",\"time\",\"host 2#p\"]");
        check_str(rig_events(rig),
                "REQUEST_FAILED host2 192.0.2.1:1002 request \"time\": the arguments are not of its form\n");
        rig_say(peer, "[\"\",\"snd\",\"host2#\\u0007\"]");
        check_str(rig_events(rig),
                "REQUEST_FAILED host2 192.0.2.1:1002 request \"snd\": the arguments are not of its form\n");
        check_str(rig_heard(peer), "");
        rig_free(rig);
}

/* A message that asks us to send ourselves a message that asks us to... */
TEST(requests_within_each_other) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *peer = rig_peer(rig, "host2");
        char text[1000];
        int n;

        rig_events(rig);
        for (int depth = 15; depth <= 16; depth++) {
                n = snprintf(text, sizeof(text), "[\"\"");
                for (int i = 0; i < depth; i++)
                        n += snprintf(text + n, sizeof(text) - (size_t) n, ",\"snd\",\"\"");
                snprintf(text + n, sizeof(text) - (size_t) n, ",\"snd\",\"host2#p\",%d]", depth);
                rig_say(peer, "%s", text);
                if (depth == 15)
                        check_str(rig_heard(peer), "[\"p\",15]\n");
        }
        check_str(rig_heard(peer), "");
        check_str(rig_events(rig),
                "REQUEST_FAILED host2 192.0.2.1:1001 request \"snd\": too many requests within each "
                "other\n");
        rig_free(rig);
}

/* Without what has to follow it, and with something else in its place. */
TEST(requests_without_arguments) {
        static const char *const tags[] = {"snd", "can", "eval", "wkp", "reg1", "reg0", "func1", "func0",
                "AnyEvent::MP::_spawn", "mon1", "mon0", "kil0", "kil1", "down"};
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "x"), *peer = rig_peer(rig, "host2");

        rig_events(rig);
        for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
                const char *args = strcmp(tags[i], "eval") == 0 ? "" : ",[1]";

                rig_say(a, "[\"\",\"%s\"]", tags[i]);
                check_str(rig_heard(a),
                        expect("[\"\",\"refused\",\"%s\",\"invalid\",\"the arguments are not of this "
                               "request's "
                               "form\"]\n",
                                tags[i]));
                rig_say(a, "[\"\",\"%s\"%s]", tags[i], args);
                check(strstr(rig_heard(a), ",\"invalid\","));
        }
        for (size_t i = 0; i < 4; i++) {
                rig_say(peer, "[\"\",\"%s\"]", tags[i]);
                check(strstr(rig_events(rig), "the arguments are not of its form"));
        }
        rig_free(rig);
}

/* No port has a name as long as that, and whoever watches it is told so. */
TEST(very_long_names) {
        static char text[3000];
        Rig *rig = rig_new("host1", NULL);
        RigEnd *peer = rig_peer(rig, "host2");

        memset(text, 'x', 2000);
        rig_say(peer, "[\"\",\"mon1\",\"%s\"]", text);
        check_str(rig_heard(peer),
                expect("[\"\",\"kil0\",\"%s\",\"no_such_port\",\"cannot monitor nonexistent "
                       "port\",\"host1#%s\"]\n",
                        text, text));
        rig_say(peer, "[\"\",\"mon0\",\"%s\"]", text);
        rig_say(peer, "[\"\",\"kil1\",\"%s\"]", text);
        check_str(rig_heard(peer), "");
        rig_free(rig);
}

static void others(NodeConfig *config) {
        static const uid_t admins[] = {1000, 1001};

        config->admins = admins;
        config->n_admins = 2;
}

TEST(who_may_ask_for_the_status) {
        static const char *const binds[] = {"192.0.2.1:1", "[2001:db8::1]:2"};
        static const uid_t uids[] = {0, 7, 1000, 1001};
        Rig *rig = rig_new_with("host1", NULL, others);
        RigEnd *stranger = rig_client_of(rig, "x", 1002, "");

        check_int(node_set_binds(rig->node, binds, 2), ==, 0);
        for (size_t i = 0; i < sizeof(uids) / sizeof(*uids); i++)
                check(strstr(rig_ask(rig_client_of(rig, "x", uids[i], ""), "\"aempd::status\""),
                        "\"binds\":[\"192.0.2.1:1\",\"[2001:db8::1]:2\"]"));
        rig_say(stranger, "[\"\",\"aempd::status\",\"host1#%sr\"]", stranger->prefix);
        check(strstr(rig_heard(stranger), "[\"\",\"refused\",\"aempd::status\",\"denied\","));
        rig_free(rig);
}

/* A client that talks to as many nodes as it may can't ask yet another for a death. */
TEST(too_many_nodes) {
        static const char *const seeds[] = {"192.0.2.2:4040", NULL};
        Rig *rig = rig_new("host1", seeds); /* which nobody resolves: all wait */
        RigEnd *a = rig_client(rig, "x");

        for (int i = 0; i < 10; i++)
                rig_say(a, "[\"\",\"kil1\",\"node%d#p\",\"please\"]", i);
        check_str(rig_heard(a), "");
        rig_say(a, "[\"\",\"kil1\",\"one-more#p\",\"please\"]");
        check_str(rig_heard(a),
                "[\"\",\"refused\",\"kil1\",\"limit\",\"this client talks to as many nodes as it may\","
                "\"one-more#p\",\"please\"]\n");
        rig_free(rig);
}
