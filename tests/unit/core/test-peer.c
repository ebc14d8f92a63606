/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An established peer: what it may ask, what it is asked, and what its end means.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *peer;

static void start(void) {
        rig = rig_new("host1", NULL);
        a = rig_client(rig, "first");
        peer = rig_peer(rig, "host2");
        check_str(rig_heard(peer), "");
        rig_events(rig);
}

TEST(messages) {
        start();
        rig_say(a, "[\"host2#p\",\"tag\",[1,2]][\"host2\",\"devnull\"]");
        check_str(rig_heard(peer), "[\"p\",\"tag\",[1,2]]\n[\"\",\"devnull\"]\n");
        rig_say(peer, "[\"%sx\",\"t\"]", a->prefix);
        rig_say(peer, "[\"nothere\",1]");
        rig_say(peer, "[]");
        check_str(rig_heard(a), expect("[\"%sx\",\"t\"]\n", a->prefix));
        rig_free(rig);
}

TEST(node_port) {
        start();
        rig_say(peer, "[\"\",\"time\",\"host2#p\",\"t\"]");
        check_str(rig_heard(peer), "[\"p\",\"t\",1700000001]\n");
        rig_say(peer, "[null,\"can\",\"mon1\",\"host2#p\"]");
        check_str(rig_heard(peer), "[\"p\",\"1\"]\n");
        rig_say(peer, "[\"\",\"can\",\"nosuch\",\"host2#p\"]");
        check_str(rig_heard(peer), "[\"p\",\"\"]\n");
        rig_say(peer, "[\"\",\"eval\",\"die\",\"host2#p\",1]");
        check_str(rig_heard(peer), "[\"p\",1,\"this node is an aempd and has no interpreter\"]\n");
        rig_say(peer, "[\"\",\"snd\",\"host2#p\",\"echo\",null]");
        check_str(rig_heard(peer), "[\"p\",\"echo\",null]\n");
        rig_say(peer, "[\"\",\"relay\",\"host1#%sx\",5]", a->prefix);
        check_str(rig_heard(a), expect("[\"%sx\",5]\n", a->prefix));
        check_str(rig_events(rig), "");
        rig_free(rig);
}

TEST(no_failure_closes) {
        static const char *const bad[] = {"[\"\",\"nosuch\",1]", "[\"\",\"snd\"]", "[\"\",\"snd\",[]]",
                "[\"\",\"mon1\"]", "[\"\",\"mon1\",[]]", "[\"\",{}]", "[\"\",\"snd\",\"not an id\",1]",
                "[\"\",\"can\"]", "[\"\",\"snd\",\"host3\",\"kil1\",\"x\"]"};

        start();
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                rig_say(peer, "%s", bad[i]);
                check_str(rig_heard(peer), "");
                check(strstr(rig_events(rig), "REQUEST_FAILED host2"));
        }
        for (unsigned i = 0; i < 10; i++)
                rig_say(peer, "[\"\",\"nosuch\"]");
        /* and the log stays readable */
        rig_events(rig);
        rig_say(peer, "[\"\",\"nosuch\"]");
        check_str(rig_events(rig), "");
        check(peer->stream);
        rig_free(rig);
}

TEST(client_requests_are_unknown_from_peers) {
        static const char *const tags[] = {"nodes1", "bye", "down", "aempd::status", "reg1"};

        start();
        for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
                rig_say(peer, "[\"\",\"%s\",\"host2#p\"]", tags[i]);
                check_str(rig_heard(peer), "");
        }
        rig_free(rig);
}

TEST(it_watches_ours) {
        start();
        rig_say(peer, "[\"\",\"mon1\",\"%sx\"]", a->prefix);
        rig_say(peer, "[\"\",\"mon1\",\"%sx\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"\",\"mon1\",\"%sx\"]\n", a->prefix));
        rig_say(a, "[\"host2#p\",1][\"\",\"kil0\",\"%sx\",\"why\"]", a->prefix);
        check_str(rig_heard(peer), expect("[\"p\",1]\n[\"\",\"kil0\",\"%sx\",\"why\"]\n", a->prefix));

        rig_say(peer, "[\"\",\"mon1\",\"nothere\"]");
        check_str(rig_heard(peer),
                "[\"\",\"kil0\",\"nothere\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#nothere\"]\n");

        rig_say(peer, "[\"\",\"mon1\",\"%sy\"]", a->prefix);
        rig_say(peer, "[\"\",\"mon0\",\"%sy\"]", a->prefix);
        check_str(rig_heard(a),
                expect("[\"\",\"mon1\",\"%sy\"]\n[\"\",\"mon0\",\"%sy\"]\n", a->prefix, a->prefix));
        rig_say(peer, "[\"\",\"mon0\",null]");
        rig_say(peer, "[\"\",\"mon1\",\"\"]");
        check_str(rig_heard(peer), "");
        check_str(rig_events(rig), "");

        rig_say(peer, "[\"\",\"mon1\",\"%sz\"]", a->prefix);
        rig_heard(a);
        rig_close(peer, "x");
        check_str(rig_heard(a),
                expect("[\"\",\"mon0\",\"%sz\"]\n[\"\",\"down\",\"host2\",\"transport_error\",\"host2\","
                       "\"x\"]\n",
                        a->prefix));
        rig_free(rig);
}

TEST(it_is_told_of_a_client_s_end) {
        start();
        rig_say(peer, "[\"\",\"mon1\",\"%sx\"]", a->prefix);
        rig_close(a, "x");
        check_str(
                rig_heard(peer), expect("[\"\",\"kil0\",\"%sx\",\"detached\",\"first\",100]\n", a->prefix));
        rig_free(rig);
}

TEST(it_kills_ours) {
        start();
        rig_say(peer, "[\"\",\"kil1\",\"%sx\",\"why\",1]", a->prefix);
        check_str(rig_heard(a), expect("[\"\",\"kil1\",\"%sx\",\"why\",1]\n", a->prefix));
        rig_say(peer, "[\"\",\"kil1\",\"\"]");
        rig_say(peer, "[\"\",\"kil1\",null]");
        rig_say(peer, "[\"\",\"kil1\",\"nothere\"]");
        check_str(rig_heard(a), "");
        check_str(rig_heard(peer), "");
        rig_free(rig);
}

TEST(we_watch_its) {
        RigEnd *b;

        start();
        b = rig_client(rig, "second");
        rig_say(a, "[\"\",\"mon1\",\"host2#p\"]");
        rig_say(b, "[\"\",\"mon1\",\"host2#p\"]");
        /* one monitor a node: a second one would be counted by the reference */
        check_str(rig_heard(peer), "[\"\",\"mon1\",\"p\"]\n");
        rig_say(b, "[\"\",\"mon0\",\"host2#p\"]");
        check_str(rig_heard(peer), "");
        rig_say(peer, "[\"\",\"kil0\",\"p\",\"why\",{}]");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host2#p\",\"why\",{}]\n");
        check_str(rig_heard(b), "");
        rig_say(peer, "[\"\",\"kil0\",\"p\"]");
        rig_say(peer, "[\"\",\"kil0\",\"\"]");
        check_str(rig_heard(a), "");

        rig_say(a, "[\"\",\"mon1\",\"host2#q\"][\"\",\"mon0\",\"host2#q\"]");
        check_str(rig_heard(peer), "[\"\",\"mon1\",\"q\"]\n[\"\",\"mon0\",\"q\"]\n");
        rig_say(a, "[\"\",\"kil1\",\"host2#q\",\"x\"]");
        check_str(rig_heard(peer), "[\"\",\"kil1\",\"q\",\"x\"]\n");
        rig_free(rig);
}

TEST(its_end) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host2#p\"][\"\",\"mon1\",\"host2\"][\"host2#p\",1]");
        rig_close(peer, "Unexpected end-of-file");
        check_str(rig_events(rig), "NODE_DOWN host2 192.0.2.1:1002 Unexpected end-of-file\n");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host2#p\",\"transport_error\",\"host2\",\"Unexpected end-of-file\"]\n"
                "[\"\",\"kil0\",\"host2\",\"transport_error\",\"host2\",\"Unexpected end-of-file\"]\n"
                "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"Unexpected end-of-file\"]\n");

        /* it is back, but what was sent before must not slip into the new connection */
        peer = rig_peer(rig, "host2");
        rig_say(a, "[\"host2#p\",2][\"\",\"kil1\",\"host2#p\"]");
        check_str(rig_heard(peer), "");
        rig_say(a, "[\"\",\"down\",\"host2\"][\"host2#p\",3]");
        check_str(rig_heard(peer), "[\"p\",3]\n");
        rig_free(rig);
}

TEST(heartbeat) {
        start();
        rig_sleep(rig, 4 * USEC_PER_SEC);
        check_str(rig_heard(peer), "");
        rig_say(a, "[\"host2#p\"]");
        rig_sleep(rig, 4 * USEC_PER_SEC);
        check_str(rig_heard(peer), "[\"p\"]\n");
        rig_sleep(rig, 1 * USEC_PER_SEC);
        check_str(rig_heard(peer), "[\"\",\"\"]\n");
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check_str(rig_heard(peer), "[\"\",\"\"]\n");
        /* silence of the other side proves nothing */
        rig_sleep(rig, 3600 * USEC_PER_SEC);
        check(peer->stream);
        rig_free(rig);
}

TEST(rubbish_ends_it) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host2\"]");
        rig_say(peer, "[\"%sx\",1]", a->prefix);
        rig_octets(peer, "\xff\xff", 2);
        check(!peer->stream);
        check_str(rig_events(rig),
                "PROTOCOL_ERROR host2 192.0.2.1:1002 what came is not a message\n"
                "NODE_DOWN host2 192.0.2.1:1002 what came is not a message\n");
        check_str(rig_heard(a),
                expect("[\"%sx\",1]\n[\"\",\"kil0\",\"host2\",\"transport_error\",\"host2\",\"what came is "
                       "not a message\"]\n"
                       "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"what came is not a "
                       "message\"]\n",
                        a->prefix));
        rig_free(rig);
}

TEST(no_array_ends_it) {
        start();
        rig_octets(peer, "\xa0", 1);
        check(!peer->stream);
        check(strstr(rig_events(rig), "PROTOCOL_ERROR host2 192.0.2.1:1002 a message is no array"));
        rig_free(rig);
}

TEST(too_large_or_deep) {
        char deep[513];

        start();
        memset(deep, '\x81', sizeof(deep));
        rig_octets(peer, deep, sizeof(deep));
        check(strstr(rig_events(rig), "nested too deep"));
        peer = rig_peer(rig, "host2");
        rig_events(rig);
        rig_octets(peer, "\x82\x60\x5a\x00\x10\x00\x01", 7);
        check(strstr(rig_events(rig), "larger than max_message"));
        rig_free(rig);
}

TEST(what_perl_can_t_decode_is_taken_out) {
        RigEnd *raw;

        start();
        raw = rig_attach(rig, 0);
        raw->json = false;
        rig_octets(raw, OCTETS("aemp-client;1;raw;;cbor\n"));
        rig_line(raw);
        /* ["host2#p", simple(99), 26(["x"])] */
        rig_octets(raw, OCTETS("\x83\x67host2#p\xf8\x63\xd8\x1a\x81\x61x"));
        check_mem(peer->in.data, peer->in.len, "\x83\x61p\xf6\x81\x61x", 7);
        rig_free(rig);
}
