/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Functions: who has them, who is called.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *b, *peer;

static void limits(NodeConfig *config) {
        config->max_names = 3;
}

static void start(void) {
        rig = rig_new_with("host1", NULL, limits);
        a = rig_client(rig, "first");
        b = rig_client(rig, "second");
        peer = rig_peer(rig, "host2");
        rig_events(rig);
}

TEST(call) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        check_str(rig_heard(a), "");
        rig_say(b, "[\"\",\"My::f\",1,{\"k\":[null]}][\"host1\",\"My::f\"][\"\",\"snd\",\"\",\"My::f\",2]");
        check_str(rig_heard(a), "[\"\",\"My::f\",1,{\"k\":[null]}]\n[\"\",\"My::f\"]\n[\"\",\"My::f\",2]\n");
        rig_say(a, "[\"\",\"My::f\",\"myself\"]");
        check_str(rig_heard(a), "[\"\",\"My::f\",\"myself\"]\n");
        check_str(rig_heard(b), "");
        rig_free(rig);
}

/* With arguments for replies it is called by the answer to something else. */
TEST(call_by_reply) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(b, "[\"\",\"time\",\"host1\",\"My::f\"]");
        rig_say(peer, "[\"\",\"time\",\"host1\",\"My::f\",5]");
        check_str(rig_heard(a), "[\"\",\"My::f\",1700000001]\n[\"\",\"My::f\",5,1700000001]\n");
        rig_free(rig);
}

TEST(call_from_a_peer) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(peer, "[\"\",\"My::f\",\"x\"]");
        rig_say(peer, "[\"\",\"relay\",\"host1\",\"My::f\",\"y\"]");
        check_str(rig_heard(a), "[\"\",\"My::f\",\"x\"]\n[\"\",\"My::f\",\"y\"]\n");
        check_str(rig_events(rig), "");
        rig_free(rig);
}

/* And the other way: it is a request to the node port like any other. */
TEST(call_of_a_peer_s) {
        start();
        rig_say(a, "[\"host2\",\"My::f\",\"x\"]");
        check_str(rig_heard(peer), "[\"\",\"My::f\",\"x\"]\n");
        rig_free(rig);
}

/* Arguments are octets: byte strings, tags and indefinite lengths stay what they are. */
TEST(verbatim) {
        static const char call[] = "\x9f\x60\x45My::f\xd9\x12\x34\x41\xff\x5f\x41x\xff\xf8\x63\xff";
        RigEnd *raw;

        start();
        raw = rig_attach(rig, 0);
        raw->json = false;
        rig_octets(raw, OCTETS("aemp-client;1;raw;;cbor\n"));
        rig_line(raw);
        rig_octets(raw,
                OCTETS("\x83\x60\x65"
                       "func1\x65My::f"));
        rig_octets(peer, OCTETS(call));
        check_mem(raw->in.data, raw->in.len, "\x85\x60\x45My::f\xd9\x12\x34\x41\xff\x5f\x41x\xff\xf8\x63",
                sizeof(call) - 2);
        rig_free(rig);
}

TEST(nobody) {
        long before;

        start();
        before = rig_counter(a, "unknown_requests");
        rig_say(b, "[\"\",\"My::f\",1]");
        check_str(rig_heard(b),
                "[\"\",\"refused\",\"My::f\",\"unknown\",\"nobody on this node has that function\",1]\n");
        rig_say(b, "[\"\",\"My:f\",1]");
        check_str(rig_heard(b), "[\"\",\"refused\",\"My:f\",\"unknown\",\"no such request\",1]\n");
        rig_say(peer, "[\"\",\"My::f\",1]");
        check_str(rig_heard(peer), "");
        check_str(rig_events(rig), "REQUEST_FAILED host2 192.0.2.1:1003 request \"My::f\": unknown here\n");
        check_int(rig_counter(a, "unknown_requests"), ==, before + 1);
        rig_free(rig);
}

TEST(longest_prefix) {
        static const struct {
                const char *call, *who;
        } cases[] = {
                {"My::f", "a"},
                {"My::Deep::f", "b"},
                {"My::Deep::er::f", "b"},
                {"My::Deep::exact", "c"},
                {"My::Deep::exacter", "b"},
                {"My::", "a"},
                {"My::Deep::", "b"},
                {"My::Deep", "a"},
                {"My::Deep:::x", "b"},
                {"::f", "c"},
                {"My:f", ""},
                {"MyX::f", ""},
                {"my::f", ""},
        };
        RigEnd *c;

        start();
        c = rig_client(rig, "third");
        rig_say(a, "[\"\",\"func1\",\"My::\"]");
        rig_say(b, "[\"\",\"func1\",\"My::Deep::\"]");
        rig_say(c, "[\"\",\"func1\",\"My::Deep::exact\"][\"\",\"func1\",\"::\"]");
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                char expected[100];

                snprintf(expected, sizeof(expected), "[\"\",\"%s\",1]\n", cases[i].call);
                rig_say(peer, "[\"\",\"%s\",1]", cases[i].call);
                check_str(rig_heard(a), *cases[i].who == 'a' ? expected : "");
                check_str(rig_heard(b), *cases[i].who == 'b' ? expected : "");
                check_str(rig_heard(c), *cases[i].who == 'c' ? expected : "");
        }
        rig_free(rig);
}

TEST(line) {
        RigEnd *c;

        start();
        c = rig_client_of(rig, "third", 1000, "");
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(b, "[\"\",\"func1\",\"My::f\"]");
        rig_say(c, "[\"\",\"func1\",\"My::f\"]");
        rig_say(a, "[\"\",\"func1\",\"My::f\"]"); /* again: its place is kept */
        rig_say(peer, "[\"\",\"My::f\",1]");
        check_str(rig_heard(a), "[\"\",\"My::f\",1]\n");

        rig_say(a, "[\"\",\"func0\",\"My::f\"]");
        rig_say(peer, "[\"\",\"My::f\",2]");
        check_str(rig_heard(b), "[\"\",\"My::f\",2]\n");
        rig_say(a, "[\"\",\"func1\",\"My::f\"]"); /* at the end of it */
        rig_close(b, "x");
        rig_say(peer, "[\"\",\"My::f\",3]");
        check_str(rig_heard(c), "[\"\",\"My::f\",3]\n");
        rig_say(c, "[\"\",\"bye\"]");
        rig_say(peer, "[\"\",\"My::f\",4]");
        check_str(rig_heard(a), "[\"\",\"My::f\",4]\n");
        rig_say(a, "[\"\",\"func0\",\"My::f\"]");
        rig_say(peer, "[\"\",\"My::f\",5]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* Between its `bye` and its end it is as if it were gone. */
TEST(who_said_bye_is_not_called) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(b, "[\"\",\"func1\",\"My::f\"]");
        a->slow = true;
        rig_say(a, "[\"\",\"time\",\"host1#%sx\"][\"\",\"bye\"]", a->prefix);
        check(a->stream);
        rig_say(peer, "[\"\",\"My::f\",1]");
        check_str(rig_heard(b), "[\"\",\"My::f\",1]\n");
        rig_free(rig);
}

/* The one that has the whole does not hide the others of a part that is about to go. */
TEST(prefix_of_one_that_said_bye) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::Deep::\"]");
        rig_say(b, "[\"\",\"func1\",\"My::\"]");
        a->slow = true;
        rig_say(a, "[\"\",\"time\",\"host1#%sx\"][\"\",\"bye\"]", a->prefix);
        rig_say(peer, "[\"\",\"My::Deep::f\",1]");
        check_str(rig_heard(b), "[\"\",\"My::Deep::f\",1]\n");
        rig_free(rig);
}

TEST(bad_names) {
        static const struct {
                const char *name, *code;
        } cases[] = {
                {"\"\"", "invalid"},
                {"\"f\"", "invalid"},
                {"\"My:f\"", "invalid"},
                {"\"My::\\u00e4\"", "invalid"},
                {"\"My::\\n\"", "invalid"},
                {"null", "invalid"},
                {"[\"My::f\"]", "invalid"},
                {"\"AnyEvent::MP::_spawn\"", "denied"},
                {"\"AnyEvent::MP::\"", "denied"},
                {"\"aempd::status\"", "denied"},
                {"\"g_my::f\"", "denied"},
        };
        char text[300];

        start();
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                char begin[64];

                snprintf(begin, sizeof(begin), "[\"\",\"refused\",\"func1\",\"%s\",", cases[i].code);
                rig_say(a, "[\"\",\"func1\",%s]", cases[i].name);
                check(strncmp(rig_heard(a), begin, strlen(begin)) == 0);
        }

        memset(text, 'x', sizeof(text));
        memcpy(text, "My::", 4);
        text[256] = '\0';
        rig_say(a, "[\"\",\"func1\",\"%s\"]", text);
        check(strstr(rig_heard(a), "\"invalid\""));
        text[255] = '\0';
        rig_say(a, "[\"\",\"func1\",\"%s\"]", text);
        check_str(rig_heard(a), "");

        rig_say(a, "[\"\",\"func1\"]");
        check(strstr(rig_heard(a), "\"refused\",\"func1\",\"invalid\""));
        rig_say(a, "[\"\",\"func0\"]");
        check(strstr(rig_heard(a), "\"refused\",\"func0\",\"invalid\""));
        rig_say(a, "[\"\",\"func0\",\"never::had\"][\"\",\"func0\",\"\"]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* What is aempd's own never goes to a client, whatever that has. */
TEST(reserved_names) {
        start();
        rig_say(a, "[\"\",\"func1\",\"AnyEvent::\"][\"\",\"func1\",\"::\"]");
        rig_say(peer, "[\"\",\"AnyEvent::MP::LogCatcher::connect\",0,\"host2#x\",9]");
        rig_say(peer, "[\"\",\"aempd::status\",\"host2#x\"]");
        rig_say(peer, "[\"\",\"g_x::y\"]");
        check_str(rig_heard(a), "");
        rig_say(peer, "[\"\",\"AnyEvent::Other\"]");
        check_str(rig_heard(a), "[\"\",\"AnyEvent::Other\"]\n");
        rig_free(rig);
}

TEST(from_peers_they_are_unknown) {
        start();
        rig_say(peer, "[\"\",\"func1\",\"My::f\"]");
        check(strstr(rig_events(rig), "request \"func1\": unknown here"));
        rig_say(a, "[\"\",\"My::f\"]");
        check(strstr(rig_heard(a), "\"unknown\""));
        rig_free(rig);
}

TEST(can) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"][\"\",\"func1\",\"Deep::\"]");
        check_str(rig_ask(b, "\"can\",\"My::f\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"My::\""), "\"\"");
        check_str(rig_ask(b, "\"can\",\"Deep::er::f\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"AnyEvent::MP::_spawn\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"wkp\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"func1\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"aempd::status\""), "\"1\"");
        check_str(rig_ask(b, "\"can\",\"aempd::nosuch\""), "\"\"");
        /* a peer can't ask all that a client can */
        rig_say(peer, "[\"\",\"can\",\"func1\",\"host2#p\"]");
        rig_say(peer, "[\"\",\"can\",\"My::f\",\"host2#p\"]");
        rig_say(peer, "[\"\",\"can\",\"aempd::status\",\"host2#p\"]");
        check_str(rig_heard(peer), "[\"p\",\"\"]\n[\"p\",\"1\"]\n[\"p\",\"\"]\n");
        rig_say(a, "[\"\",\"func0\",\"My::f\"]");
        check_str(rig_ask(b, "\"can\",\"My::f\""), "\"\"");
        rig_free(rig);
}

/* Names of one uid, whichever of its clients has them. */
TEST(limit) {
        RigEnd *c, *d;

        start();
        c = rig_client_of(rig, "third", 1000, "");
        d = rig_client_of(rig, "fourth", 1000, "");
        rig_say(c, "[\"\",\"func1\",\"a::1\"][\"\",\"func1\",\"a::2\"][\"\",\"func1\",\"a::1\"]");
        rig_say(d, "[\"\",\"func1\",\"a::1\"]");
        check_str(rig_heard(d), "");
        rig_say(d, "[\"\",\"func1\",\"a::2\"]");
        check_str(rig_heard(d),
                "[\"\",\"refused\",\"func1\",\"limit\",\"this user has as many names and functions as it "
                "may\",\"a::2\"]\n");
        rig_say(c, "[\"\",\"func0\",\"a::2\"]");
        rig_say(d, "[\"\",\"func1\",\"a::2\"]");
        check_str(rig_heard(d), "");
        rig_close(c, "x");
        rig_say(d, "[\"\",\"func1\",\"a::3\"]");
        check_str(rig_heard(d), "");
        rig_say(d, "[\"\",\"func1\",\"a::4\"]");
        check(strstr(rig_heard(d), "\"limit\""));
        /* root has no share */
        for (unsigned i = 0; i < 10; i++)
                rig_say(a, "[\"\",\"func1\",\"a::%u\"]", i);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* Calls fill the queue of who is called, and pause the caller. */
TEST(caller_pauses) {
        char filler[1001];
        unsigned n = 0;

        start();
        rig_say(b, "[\"\",\"func1\",\"My::f\"]");
        b->slow = true;
        memset(filler, 'x', 1000);
        filler[1000] = '\0';
        for (; !a->stream->paused; n++) {
                check_int(n, <, 10);
                rig_say(a, "[\"\",\"My::f\",\"%s\"]", filler);
        }
        stream_sent(b->stream, b->stream->out.len);
        check(!a->stream->paused);
        rig_free(rig);
}

TEST(status) {
        start();
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(b, "[\"\",\"func1\",\"My::f\"][\"\",\"func1\",\"Other::\"]");
        check(strstr(rig_ask(a, "\"aempd::status\""),
                "\"functions\":{\"My::f\":\"first[100]\",\"Other::\":\"second[101]\"}"));
        check(strstr(rig_ask(a, "\"aempd::clients\""), "\"names\":0,\"functions\":2"));
        rig_free(rig);
}
