/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Well-known names: reg1, reg0, wkp.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *b, *asker, *peer;

static void limits(NodeConfig *config) {
        config->max_names = 3;
}

/* a and b are of one uid. */
static void start(void) {
        rig = rig_new_with("host1", NULL, limits);
        a = rig_client_of(rig, "first", 1000, "");
        b = rig_client_of(rig, "second", 1000, "");
        asker = rig_client(rig, "asker");
        peer = rig_peer(rig, "host2");
        rig_events(rig);
}

static void reg1(RigEnd *end, const char *name, const char *port) {
        rig_say(end, "[\"\",\"reg1\",\"%s\",\"%s%s\"]", name, end->prefix, port);
}

static void check_wkp(const char *name, const RigEnd *owner, const char *port) {
        char request[300], expected[200] = "null";

        snprintf(request, sizeof(request), "\"wkp\",\"%s\"", name);
        if (owner)
                snprintf(expected, sizeof(expected), "\"host1#%s%s\"", owner->prefix, port);
        check_str(rig_ask(asker, request), expected);
}

TEST(registered) {
        start();
        reg1(a, "log", "x");
        check_str(rig_heard(a), expect("[\"\",\"mon1\",\"%sx\"]\n", a->prefix));
        check_wkp("log", a, "x");
        check_wkp("Log", NULL, NULL);
        rig_say(peer, "[\"\",\"wkp\",\"log\",\"host2#p\",1]");
        rig_say(peer, "[\"\",\"wkp\",\"nosuch\",\"host2#p\"]");
        check_str(rig_heard(peer), expect("[\"p\",1,\"host1#%sx\"]\n[\"p\",null]\n", a->prefix));
        /* again, by ID: nothing changes */
        rig_say(a, "[\"\",\"reg1\",\"log\",\"host1#%sx\"]", a->prefix);
        check_str(rig_heard(a), "");
        rig_say(a, "[\"\",\"reg0\",\"log\"]");
        check_str(rig_heard(a), expect("[\"\",\"mon0\",\"%sx\"]\n", a->prefix));
        check_wkp("log", NULL, NULL);
        rig_say(a, "[\"\",\"reg0\",\"log\"]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(gone_with_its_port) {
        start();
        reg1(a, "log", "x");
        rig_say(a, "[\"\",\"kil0\",\"%sx\"]", a->prefix);
        check_wkp("log", NULL, NULL);
        reg1(a, "log", "y");
        check_wkp("log", a, "y");
        rig_close(a, "x");
        check_wkp("log", NULL, NULL);
        rig_free(rig);
}

TEST(moves_within_a_client) {
        start();
        reg1(a, "log", "x");
        rig_heard(a);
        reg1(a, "log", "y");
        check_str(rig_heard(a),
                expect("[\"\",\"mon1\",\"%sy\"]\n[\"\",\"mon0\",\"%sx\"]\n", a->prefix, a->prefix));
        check_wkp("log", a, "y");
        /* the port it had is not its port any more */
        rig_say(a, "[\"\",\"kil0\",\"%sx\"]", a->prefix);
        check_wkp("log", a, "y");
        rig_free(rig);
}

TEST(moves_to_another_client_of_the_user) {
        start();
        reg1(a, "log", "x");
        rig_heard(a);
        reg1(b, "log", "y");
        check_str(rig_heard(b), expect("[\"\",\"mon1\",\"%sy\"]\n", b->prefix));
        check_str(rig_heard(a), expect("[\"\",\"mon0\",\"%sx\"]\n", a->prefix));
        check_wkp("log", b, "y");
        rig_close(a, "x");
        check_wkp("log", b, "y");
        rig_say(b, "[\"\",\"reg0\",\"log\"]");
        check_wkp("log", NULL, NULL);
        rig_free(rig);
}

TEST(another_user) {
        RigEnd *c, *root, *own;

        start();
        c = rig_client_of(rig, "third", 1001, "");
        root = rig_client(rig, "root");
        own = rig_client_of(rig, "aempd's", 7, "");
        reg1(a, "log", "x");
        rig_heard(a);
        reg1(c, "log", "y");
        check_str(rig_heard(c),
                expect("[\"\",\"refused\",\"reg1\",\"denied\",\"another user's port "
                       "has that name\",\"log\",\"%sy\"]\n",
                        c->prefix));
        rig_say(c, "[\"\",\"reg0\",\"log\"]");
        check_str(rig_heard(c), "");
        check_wkp("log", a, "x");

        reg1(own, "log", "o");
        check_wkp("log", own, "o");
        reg1(root, "log", "r");
        check_wkp("log", root, "r");
        reg1(a, "log", "x");
        check(strstr(rig_heard(a), "\"denied\""));
        rig_say(own, "[\"\",\"reg0\",\"log\"]");
        check_wkp("log", NULL, NULL);
        rig_free(rig);
}

/* Who had the name before doesn't know that it has been taken over. */
TEST(only_who_has_it_lets_it_go) {
        RigEnd *root;

        start();
        root = rig_client(rig, "root");
        reg1(a, "log", "x");
        reg1(b, "log", "y");
        rig_heard(a);
        rig_say(a, "[\"\",\"reg0\",\"log\"]");
        check_str(rig_heard(a), "");
        check_wkp("log", b, "y");
        rig_say(root, "[\"\",\"reg0\",\"log\"]");
        check_wkp("log", NULL, NULL);
        rig_free(rig);
}

TEST(one_name_each_port) {
        start();
        reg1(a, "log", "x");
        reg1(a, "trace", "x");
        check_str(rig_heard(a), expect("[\"\",\"mon1\",\"%sx\"]\n", a->prefix));
        check_wkp("log", NULL, NULL);
        check_wkp("trace", a, "x");
        /* both at once: this port had a name, and the name had a port */
        reg1(a, "log", "y");
        reg1(a, "log", "x");
        check_wkp("log", a, "x");
        check_wkp("trace", NULL, NULL);
        rig_heard(a);
        rig_say(a, "[\"\",\"kil0\",\"%sy\"]", a->prefix);
        check_wkp("log", a, "x");
        rig_free(rig);
}

/* The client watches for as long as anybody wants it to. */
TEST(with_monitors) {
        start();
        rig_say(b, "[\"\",\"mon1\",\"host1#%sx\"]", a->prefix);
        reg1(a, "log", "x");
        check_str(rig_heard(a), expect("[\"\",\"mon1\",\"%sx\"]\n", a->prefix));
        rig_say(b, "[\"\",\"mon0\",\"host1#%sx\"]", a->prefix);
        check_str(rig_heard(a), "");
        rig_say(b, "[\"\",\"mon1\",\"host1#%sx\"]", a->prefix);
        rig_say(a, "[\"\",\"reg0\",\"log\"]");
        check_str(rig_heard(a), "");
        rig_say(b, "[\"\",\"mon0\",\"host1#%sx\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"\",\"mon0\",\"%sx\"]\n", a->prefix));
        reg1(a, "log", "x");
        rig_say(b, "[\"\",\"mon1\",\"host1#%sx\"]", a->prefix);
        rig_say(a, "[\"\",\"kil0\",\"%sx\",\"why\"]", a->prefix);
        check_str(rig_heard(b), expect("[\"\",\"kil0\",\"host1#%sx\",\"why\"]\n", a->prefix));
        check_wkp("log", NULL, NULL);
        rig_free(rig);
}

TEST(only_own_ports) {
        static const char *const bad[] = {"host2#x", "host1#nosuch", "host1", "nosuch", "", "host2"};

        start();
        rig_say(a, "[\"\",\"reg1\",\"log\",\"host1#%sx\"]", b->prefix);
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"denied\""));
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                rig_say(a, "[\"\",\"reg1\",\"log\",\"%s\"]", bad[i]);
                check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"denied\""));
        }
        rig_say(a, "[\"\",\"reg1\",\"log\",\"host1#%s\"]", a->prefix);
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"denied\""));
        check_wkp("log", NULL, NULL);
        check_str(rig_heard(b), "");
        rig_free(rig);
}

TEST(bad_arguments) {
        static const char *const bad[] = {"\"reg1\"", "\"reg1\",\"log\"", "\"reg1\",\"log\",{}",
                "\"reg1\",[],\"x\"", "\"reg1\",\"log\",\"not an id#x\"", "\"reg0\"", "\"reg0\",{}",
                "\"wkp\"", "\"wkp\",[1]"};
        char text[300];

        start();
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                rig_say(a, "[\"\",%s]", bad[i]);
                check(strstr(rig_heard(a), "\"invalid\""));
        }

        reg1(a, "", "x");
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"invalid\""));
        reg1(a, "a\\nb", "x");
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"invalid\""));
        memset(text, 'x', sizeof(text));
        text[256] = '\0';
        reg1(a, text, "x");
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"invalid\""));
        text[255] = '\0';
        reg1(a, text, "x");
        check_str(rig_heard(a), expect("[\"\",\"mon1\",\"%sx\"]\n", a->prefix));
        check_wkp(text, a, "x");
        reg1(a, "\xc3\xa4#;, %", "x");
        check_wkp("\xc3\xa4#;, %", a, "x");

        rig_say(peer, "[\"\",\"reg1\",\"log\",\"host2#x\"]");
        rig_say(peer, "[\"\",\"wkp\"]");
        check(strstr(rig_events(rig), "request \"reg1\": unknown here"));
        rig_free(rig);
}

TEST(limit) {
        start();
        reg1(a, "1", "x");
        reg1(b, "2", "x");
        rig_say(a, "[\"\",\"func1\",\"a::3\"]");
        rig_heard(a);
        reg1(a, "4", "y");
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"limit\""));
        /* what takes the place of its own needs none */
        reg1(a, "4", "x");
        check_str(rig_heard(a), "");
        check_wkp("4", a, "x");
        reg1(a, "2", "y");
        check_wkp("2", a, "y");
        reg1(a, "4", "y"); /* two become one */
        check_wkp("2", NULL, NULL);
        reg1(b, "5", "x");
        check_wkp("5", b, "x");
        reg1(b, "6", "y");
        check(strstr(rig_heard(b), "\"limit\""));
        rig_close(a, "x");
        reg1(b, "6", "y");
        check_wkp("6", b, "y");
        rig_free(rig);
}

TEST(no_message_for_a_name) {
        start();
        reg1(a, "log", "x");
        rig_heard(a);
        rig_say(b, "[\"host1#log\",1]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(status) {
        RigEnd *root;
        char expected[300];

        start();
        root = rig_client(rig, "root");
        reg1(a, "log", "x");
        reg1(a, "trace", "y");
        snprintf(expected, sizeof(expected), "\"names\":{\"log\":\"host1#%sx\",\"trace\":\"host1#%sy\"}",
                a->prefix, a->prefix);
        check(strstr(rig_ask(root, "\"aempd::status\""), expected));
        check(strstr(rig_ask(root, "\"aempd::clients\""), "\"watched\":0,\"spawned\":0,\"names\":2"));
        rig_free(rig);
}
