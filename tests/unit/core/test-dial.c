/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A hub that knows where nodes listen, and a node that connects to them because a client has something for
 * them.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static const char *const seeds[] = {"hub.example:4040", NULL};

static Rig *rig;
static RigEnd *hub, *a;

static void start(void) {
        static const char *const binds[] = {"192.0.2.77:4040"};

        rig = rig_new("host1", seeds);
        check_int(node_set_binds(rig->node, binds, 1), ==, 0);
        a = rig_client(rig, "x");
        rig_resolve(rig, seeds[0], "192.0.2.2:4040");
        hub = rig_connected(rig);
        rig_greet(hub, "hub", "");
        rig_line(hub);
        rig_auth(hub, RIG_SECRET);
        check_str(rig_heard(hub), "[\"\",\"g_slave\",{\"'l\":{\"host1\":[\"192.0.2.77:4040\"]}}]\n");
        rig_events(rig);
}

/* The node's first connection that waits is through and becomes that node. */
static RigEnd *become(const char *id) {
        RigEnd *end = rig_connected(rig);

        rig_greet(end, id, "");
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        rig_auth(end, RIG_SECRET);
        return end;
}

TEST(found) {
        RigEnd *end;

        start();
        rig_say(a, "[\"host3#p\",1][\"\",\"mon1\",\"host3#p\"][\"host3#p\",2]");
        check_str(rig_heard(hub), "[\"\",\"g_find\",\"host3\"]\n");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"unix/:/x\",\"192.0.2.3:4040\",7]]");
        rig_resolve(rig, "192.0.2.3:4040", "192.0.2.3:4040");
        end = become("host3");
        check_str(rig_heard(end), "[\"p\",1]\n[\"\",\"mon1\",\"p\"]\n[\"p\",2]\n");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

static void expect_failure(const char *text) {
        char expected[2048];

        snprintf(expected, sizeof(expected),
                "[\"\",\"kil0\",\"host3#p\",\"transport_error\",\"host3\",\"%s\"]\n"
                "[\"\",\"down\",\"host3\",\"transport_error\",\"host3\",\"%s\"]\n",
                text, text);
        check_str(rig_heard(a), expected);
}

TEST(not_found) {
        static const char *const answers[] = {"null", "[]", "[\"unix/:/x\"]", "{}", "\"x\""};

        start();
        for (size_t i = 0; i < 3; i++) {
                rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
                rig_heard(hub);
                rig_say(hub, "[\"\",\"g_found\",\"host3\",%s]", answers[i]);
                expect_failure("no known address");
                rig_say(a, "[\"\",\"down\",\"host3\"]");
        }
        /* no answer at all */
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",%s]", answers[3]);
        rig_say(hub, "[\"\",\"g_found\",\"host4\",[\"192.0.2.3:4040\"]]");
        rig_sleep(rig, 2 * USEC_PER_SEC);
        expect_failure("no known address");
        rig_free(rig);
}

TEST(refused_and_the_next_address) {
        RigEnd *end;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\",\"three.example:2\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_close(rig->connects[0], "Connection refused");
        rig_resolve(rig, "three.example:2", "192.0.2.3:2");
        end = become("host3");
        rig_heard(hub);
        check_str(rig_heard(end), "[\"\",\"mon1\",\"p\"]\n");
        rig_free(rig);
}

TEST(all_refused) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_close(rig->connects[0], "Connection refused");
        expect_failure("Connection refused");
        check_str(rig_events(rig), "CONNECT_FAILED host3 192.0.2.3:1 Connection refused\n");
        rig_free(rig);
}

/* All of what TLS has to say arrives, and of several addresses the one that it is about. */
TEST(why_and_where) {
        char why[257], text[400];
        RigEnd *end;

        memset(why, 'x', 256);
        why[256] = '\0';
        snprintf(text, sizeof(text),
                "it closed the connection on our authentication line, its log says why (%s)", why);
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\",\"192.0.2.3:2\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_close(rig->connects[0], "Connection refused");
        rig_resolve(rig, "192.0.2.3:2", "192.0.2.3:2");
        end = rig_connected(rig);
        rig_greet(end, "host3", "");
        rig_close(end, why);
        expect_failure(text);
        check_str(rig_events(rig), expect("CONNECT_FAILED host3 192.0.2.3:2 %s\n", text));
        rig_free(rig);
}

TEST(where_it_waited) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\",\"three.example:2\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_sleep(rig, 2 * USEC_PER_SEC);
        rig_resolve(rig, "three.example:2", NULL);
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check(strstr(rig_events(rig), "CONNECT_FAILED host3 "));
        rig_say(a, "[\"\",\"down\",\"host3\"][\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"three.example:2\"]]");
        rig_resolve(rig, "three.example:2", NULL);
        check_str(rig_events(rig), "CONNECT_FAILED host3 three.example:2 no such name\n");
        rig_say(a, "[\"\",\"down\",\"host3\"][\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",null]");
        check_str(rig_events(rig), "CONNECT_FAILED host3 - no known address\n");
        rig_free(rig);
}

TEST(nobody_answers) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\",\"192.0.2.3:2\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_sleep(rig, 2 * USEC_PER_SEC);
        rig_resolve(rig, "192.0.2.3:2", "192.0.2.3:2");
        check_int(rig->n_connects, ==, 2);
        rig_sleep(rig, 2 * USEC_PER_SEC - 1);
        check_str(rig_heard(a), "");
        rig_sleep(rig, 1);
        expect_failure("connect timeout");
        check_int(rig->n_connects, ==, 0);
        rig_free(rig);
}

TEST(somebody_else_there) {
        RigEnd *other;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        other = rig_connected(rig);
        rig_greet(other, "host4", "");
        expect_failure("another node listens there");
        /* the connection is that one's */
        rig_line(other);
        rig_auth(other, RIG_SECRET);
        rig_say(a, "[\"host4#x\",1]");
        check_str(rig_heard(other), "[\"x\",1]\n");
        rig_free(rig);
}

TEST(name_not_found) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"three.example:1\"]]");
        rig_resolve(rig, "three.example:1", NULL);
        expect_failure("no such name");
        rig_free(rig);
}

TEST(it_connects_first) {
        RigEnd *end;

        start();
        rig_say(a, "[\"host3#p\",1]");
        end = rig_peer(rig, "host3");
        check_str(rig_heard(end), "[\"p\",1]\n");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",null]");
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(end->stream);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(we_are_the_hub) {
        RigEnd *slave, *other;

        rig = rig_new("hub", NULL);
        slave = rig_peer(rig, "s1");
        other = rig_peer(rig, "s2");
        rig_say(slave, "[\"\",\"g_slave\"]");
        rig_say(slave,
                "[\"\",\"g_slave\",{\"x\":{\"s1\":1},\"'l\":{\"s2\":[\"192.0.2.9:9\"],\"s1\":[\"192.0.2.3:"
                "1\"]}}]");
        rig_say(other, "[\"\",\"g_find\",\"s1\"]");
        check_str(rig_heard(other), "[\"\",\"g_found\",\"s1\",[\"192.0.2.3:1\"]]\n");
        /* it can speak for itself only */
        rig_say(slave, "[\"\",\"g_find\",\"s2\"]");
        rig_say(slave, "[\"\",\"g_find\",\"nosuch\"]");
        rig_say(slave, "[\"\",\"g_find\",\"hub\"]");
        check_str(rig_heard(slave),
                "[\"\",\"g_found\",\"s2\",null]\n[\"\",\"g_found\",\"nosuch\",null]\n[\"\",\"g_found\","
                "\"hub\",null]\n");
        rig_close(slave, "x");
        rig_say(other, "[\"\",\"g_find\",\"s1\"]");
        check_str(rig_heard(other), "[\"\",\"g_found\",\"s1\",null]\n");
        rig_free(rig);
}

TEST(many_messages_wait) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        for (unsigned i = 0; i < 40; i++)
                rig_say(a, "[\"host3#p\",\"%0*u\"]", 400, i);
        /* above the high-water mark its sender is not read from, but what came is kept */
        check(a->stream->paused);
        rig_say(hub, "[\"\",\"g_found\",\"host3\",null]");
        check(!a->stream->paused);
        expect_failure("no known address");
        rig_free(rig);
}
