/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Spawned ports: b has the function, a and a peer spawn.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

#define SPAWN "[\"\",\"AnyEvent::MP::_spawn\","

static Rig *rig;
static RigEnd *a, *b, *peer;

static void limits(NodeConfig *config) {
        config->max_spawned = 3;
}

static void start(void) {
        rig = rig_new_with("host1", NULL, limits);
        a = rig_client_of(rig, "first", 1000, "");
        b = rig_client_of(rig, "second", 1001, "");
        peer = rig_peer(rig, "host2");
        rig_say(b, "[\"\",\"func1\",\"My::f\"]");
        check_str(rig_heard(b), "");
        rig_events(rig);
}

static void spawn(RigEnd *caller, const char *name) {
        rig_say(caller, SPAWN "\"%s\",\"My::f\",1,[2]]", name);
}

static void check_spawned(const char *name) {
        check_str(rig_heard(b), expect(SPAWN "\"%s\",\"My::f\",1,[2]]\n", name));
}

static const char no_such[] = "[\"\",\"kil0\",\"host1#sp\",\"no_such_port\",\"cannot monitor nonexistent "
                              "port\",\"host1#sp\"]\n";

TEST(life) {
        start();
        spawn(a, "sp");
        check_spawned("sp");
        rig_say(a,
                "[\"\",\"mon1\",\"host1#sp\"][\"host1#sp\",\"hello\"][\"\",\"kil1\",\"host1#sp\",\"why\"]");
        /* no mon1: that it is watched goes without saying */
        check_str(rig_heard(b), "[\"sp\",\"hello\"]\n[\"\",\"kil1\",\"sp\",\"why\"]\n");
        rig_say(b, "[\"host1#%sp\",\"last\"][\"\",\"kil0\",\"sp\",\"why\",1]", a->prefix);
        check_str(rig_heard(a),
                expect("[\"%sp\",\"last\"]\n[\"\",\"kil0\",\"host1#sp\",\"why\",1]\n", a->prefix));
        /* and that was that */
        rig_say(a, "[\"host1#sp\",\"late\"][\"\",\"kil1\",\"host1#sp\"]");
        check_str(rig_heard(b), "");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a), no_such);
        rig_free(rig);
}

TEST(from_a_peer) {
        start();
        spawn(peer, "sp");
        check_spawned("sp");
        rig_say(peer, "[\"sp\",\"hello\"]");
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        rig_say(peer, "[\"\",\"kil1\",\"sp\"]");
        check_str(rig_heard(b), "[\"sp\",\"hello\"]\n[\"\",\"kil1\",\"sp\"]\n");
        rig_say(b, "[\"\",\"kil0\",\"sp\"]");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"sp\"]\n");
        check_str(rig_events(rig), "");
        rig_free(rig);
}

/* Wherever the request comes by. */
TEST(by_way_of_others) {
        start();
        rig_say(a, "[\"\",\"snd\",\"host1\",\"AnyEvent::MP::_spawn\",\"s1\",\"My::f\"]");
        check_str(rig_heard(b), SPAWN "\"s1\",\"My::f\"]\n");
        rig_say(a, "[\"\",\"time\",\"host1\",\"AnyEvent::MP::_spawn\",\"s2\",\"My::f\"]");
        check_str(rig_heard(b), SPAWN "\"s2\",\"My::f\",1700000001]\n");
        rig_say(peer, "[\"\",\"relay\",\"host1#\",\"AnyEvent::MP::_spawn\",\"s3\",\"My::f\"]");
        check_str(rig_heard(b), SPAWN "\"s3\",\"My::f\"]\n");
        rig_say(peer, "[\"\",\"time\",\"host1\",\"AnyEvent::MP::_spawn\",\"s4\",\"My::f\"]");
        check_str(rig_heard(b), SPAWN "\"s4\",\"My::f\",1700000001]\n");
        rig_say(a, "[\"host1#s1\"][\"host1#s2\"][\"host1#s3\"][\"host1#s4\"]");
        check_str(rig_heard(b), "[\"s1\"]\n[\"s2\"]\n[\"s3\"]\n[\"s4\"]\n");
        rig_free(rig);
}

/* To another node it goes as it is. */
TEST(elsewhere) {
        start();
        rig_say(a, "[\"host2\",\"AnyEvent::MP::_spawn\",\"sp\",\"My::f\",1]");
        check_str(rig_heard(peer), SPAWN "\"sp\",\"My::f\",1]\n");
        check_str(rig_heard(b), "");
        rig_free(rig);
}

TEST(all_in_one_segment) {
        start();
        a->held = true;
        spawn(a, "sp");
        rig_say(a, "[\"host1#sp\",1][\"host1#sp\",2][\"\",\"mon1\",\"host1#sp\"][\"host1#sp\",3]");
        rig_release(a);
        check_str(rig_heard(b), SPAWN "\"sp\",\"My::f\",1,[2]]\n[\"sp\",1]\n[\"sp\",2]\n[\"sp\",3]\n");
        rig_say(b, "[\"\",\"kil0\",\"sp\",\"die\",\"it failed\"]");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#sp\",\"die\",\"it failed\"]\n");

        peer->held = true;
        spawn(peer, "sq");
        rig_say(peer, "[\"sq\",1]");
        rig_say(peer, "[\"\",\"mon1\",\"sq\"]");
        rig_say(peer, "[\"sq\",2]");
        rig_release(peer);
        check_str(rig_heard(b), SPAWN "\"sq\",\"My::f\",1,[2]]\n[\"sq\",1]\n[\"sq\",2]\n");
        rig_say(b, "[\"\",\"kil0\",\"host1#sq\",\"die\",\"it failed\"]");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"sq\",\"die\",\"it failed\"]\n");
        rig_free(rig);
}

TEST(message_before_the_port) {
        RigEnd *root;
        long before;

        start();
        root = rig_client(rig, "root");
        before = rig_counter(root, "no_such_port");
        rig_say(a, "[\"host1#sp\",1]");
        check_int(rig_counter(root, "no_such_port"), ==, before + 1);
        spawn(a, "sp");
        check_spawned("sp");
        rig_free(rig);
}

/* Who watches late learns why there is nothing to watch. */
TEST(failed_before_it_was_watched) {
        start();
        spawn(a, "sp");
        rig_say(b, "[\"\",\"kil0\",\"sp\",\"die\",\"it failed\",[1]]");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"][\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host1#sp\",\"die\",\"it failed\",[1]]\n"
                "[\"\",\"kil0\",\"host1#sp\",\"die\",\"it failed\",[1]]\n");
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"sp\",\"die\",\"it failed\",[1]]\n");
        rig_sleep(rig, 30 * USEC_PER_SEC);
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a), no_such);

        /* the normal end of one that had its time needs no explanation */
        spawn(a, "sq");
        rig_sleep(rig, 30 * USEC_PER_SEC);
        rig_say(b, "[\"\",\"kil0\",\"sq\"]");
        rig_say(a, "[\"\",\"mon1\",\"host1#sq\"]");
        check(strstr(rig_heard(a), "no_such_port"));
        rig_free(rig);
}

TEST(nobody_has_the_function) {
        start();
        rig_say(a, SPAWN "\"sp\",\"No::f\",1]");
        check_str(rig_heard(a),
                "[\"\",\"refused\",\"AnyEvent::MP::_spawn\",\"unknown\",\"nobody on this node has that "
                "function\",\"sp\",\"No::f\",1]\n");
        rig_say(a, "[\"host1#sp\",1][\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host1#sp\",\"die\",\"nobody on this node has the function No::f\"]\n");

        rig_say(peer, SPAWN "\"sq\",\"No::\\u0007\"]");
        check_str(rig_events(rig),
                "REQUEST_FAILED host2 192.0.2.1:1003 request \"AnyEvent::MP::_spawn\": nobody here has that "
                "function\n");
        rig_say(peer, "[\"\",\"mon1\",\"sq\"]");
        check_str(rig_heard(peer),
                "[\"\",\"kil0\",\"sq\",\"die\",\"nobody on this node has the function No::?\"]\n");
        rig_sleep(rig, 30 * USEC_PER_SEC);
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a), no_such);
        check_str(rig_heard(b), "");
        rig_free(rig);
}

/* The longest prefix is spawned as it is called; one of aempd's own is nobody's. */
TEST(functions_by_prefix) {
        start();
        rig_say(b, "[\"\",\"func1\",\"AnyEvent::\"][\"\",\"func1\",\"Deep::\"]");
        rig_say(a, SPAWN "\"s1\",\"Deep::er::f\"]" SPAWN "\"s2\",\"AnyEvent::MP::_spawn\"]");
        check_str(rig_heard(b), SPAWN "\"s1\",\"Deep::er::f\"]\n");
        check(strstr(rig_heard(a), "\"unknown\""));
        rig_free(rig);
}

static const char taken[] = "[\"\",\"refused\",\"AnyEvent::MP::_spawn\",\"denied\",\"the port's name was "
                            "taken\",\"sp\",\"My::f\",1,[2]]\n";

TEST(name_taken) {
        start();
        spawn(peer, "sp");
        check_spawned("sp");
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        spawn(a, "sp");
        check_str(rig_heard(a),
                expect("[\"\",\"kil0\",\"host1#sp\",\"die\",\"the port's name was taken\"]\n%s", taken));
        check_str(rig_heard(b), "");
        check_str(rig_heard(peer), "");
        /* and it stays what it is for this one, for as long as it may not know */
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#sp\",\"die\",\"the port's name was taken\"]\n");
        rig_say(b, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(b), "");
        rig_say(b, "[\"\",\"kil0\",\"sp\",\"the end\"]");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"sp\",\"the end\"]\n");
        check_str(rig_heard(b), "[\"\",\"kil0\",\"host1#sp\",\"the end\"]\n");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(name_taken_and_not_watched) {
        start();
        spawn(a, "sp");
        check_spawned("sp");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        spawn(peer, "sp");
        check_str(rig_events(rig),
                "REQUEST_FAILED host2 192.0.2.1:1003 request \"AnyEvent::MP::_spawn\": the port's name was "
                "taken\n");
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"sp\",\"die\",\"the port's name was taken\"]\n");
        check_str(rig_heard(a), "");
        rig_sleep(rig, 30 * USEC_PER_SEC);
        rig_heard(peer);
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        check_str(rig_heard(peer), "");
        rig_free(rig);
}

/* Also one that is known to have been, or to be about to be. */
TEST(name_was_taken) {
        start();
        rig_say(a, SPAWN "\"sp\",\"No::f\"]");
        rig_heard(a);
        spawn(a, "sp");
        check_str(rig_heard(a), taken);
        check_str(rig_heard(b), "");
        rig_free(rig);
}

TEST(name_under_a_prefix) {
        char name[100];

        start();
        snprintf(name, sizeof(name), "%sx", b->prefix);
        rig_say(a, "[\"\",\"mon1\",\"host1#%s\"]", name);
        rig_say(peer, "[\"\",\"mon1\",\"%s\"]", name);
        check_str(rig_heard(b), expect("[\"\",\"mon1\",\"%s\"]\n", name));
        spawn(a, name);
        check(strstr(rig_heard(a),
                expect("[\"\",\"kil0\",\"host1#%s\",\"die\",\"the port's name was taken\"]\n", name)));
        check_str(rig_heard(b), "");
        check_str(rig_heard(peer), "");
        /* the last who watched it: its client need not any more */
        spawn(peer, name);
        check(strstr(rig_heard(peer), "\"die\""));
        check_str(rig_heard(b), expect("[\"\",\"mon0\",\"%s\"]\n", name));

        /* one's own, and one that nobody has */
        snprintf(name, sizeof(name), "%sx", a->prefix);
        spawn(a, name);
        check(strstr(rig_heard(a), "\"denied\""));
        snprintf(name, sizeof(name), "%.11sxyz", a->prefix);
        spawn(a, name);
        check(strstr(rig_heard(a), "\"denied\""));
        rig_free(rig);
}

TEST(bad_arguments) {
        static const char *const bad[] = {"\"\",\"My::f\"", "null,\"My::f\"", "\"a#b\",\"My::f\"",
                "\"a\\u0001\",\"My::f\"", "\"\\u00e4\",\"My::f\"", "\"sp\"", "[\"sp\"],\"My::f\"",
                "\"sp\",[\"My::f\"]", "\"sp\",null"};
        char text[300];

        start();
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                rig_say(a, SPAWN "%s]", bad[i]);
                check(strstr(rig_heard(a), "\"refused\",\"AnyEvent::MP::_spawn\",\"invalid\""));
                rig_say(peer, SPAWN "%s]", bad[i]);
                check(strstr(rig_events(rig), "the arguments are not of its form"));
        }
        rig_say(a, "[\"\",\"AnyEvent::MP::_spawn\"]");
        check(strstr(rig_heard(a), "\"invalid\""));
        check_str(rig_heard(b), "");

        memset(text, 'x', sizeof(text));
        text[256] = '\0';
        spawn(a, text);
        check(strstr(rig_heard(a), "\"invalid\""));
        text[255] = '\0';
        spawn(a, text);
        check_spawned(text);
        rig_say(a, "[\"host1#%s\",1]", text);
        check_str(rig_heard(b), expect("[\"%s\",1]\n", text));
        rig_free(rig);
}

TEST(unwatched_it_stays) {
        start();
        spawn(a, "sp");
        check_spawned("sp");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"][\"\",\"mon0\",\"host1#sp\"][\"\",\"mon0\",\"host1#sp\"]");
        rig_say(peer, "[\"\",\"mon1\",\"sp\"]");
        rig_say(peer, "[\"\",\"mon0\",\"sp\"]");
        rig_sleep(rig, 3600 * USEC_PER_SEC);
        rig_say(a, "[\"host1#sp\",1]");
        check_str(rig_heard(b), "[\"sp\",1]\n");
        rig_free(rig);
}

TEST(its_client_goes) {
        start();
        spawn(a, "s1");
        spawn(peer, "s2");
        rig_say(a, "[\"\",\"mon1\",\"host1#s1\"]");
        rig_say(peer, "[\"\",\"mon1\",\"s2\"]");
        rig_close(b, "x");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#s1\",\"detached\",\"second\",101]\n");
        check_str(rig_heard(peer), "[\"\",\"kil0\",\"s2\",\"detached\",\"second\",101]\n");
        rig_free(rig);

        start();
        spawn(a, "s1");
        spawn(a, "s2");
        rig_say(a, "[\"\",\"mon1\",\"host1#s1\"]");
        rig_say(b, "[\"\",\"bye\"]");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#s1\"]\n");
        rig_say(a, "[\"\",\"mon1\",\"host1#s2\"]");
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#s2\"]\n");
        rig_free(rig);
}

TEST(who_asked_goes) {
        RigEnd *c;

        start();
        spawn(a, "s1");
        spawn(peer, "s2");
        rig_heard(b);
        rig_close(a, "x");
        rig_close(peer, "x");
        c = rig_client(rig, "third");
        rig_say(c,
                "[\"\",\"mon1\",\"host1#s1\"][\"\",\"mon1\",\"host1#s2\"][\"host1#s1\",1][\"host1#s2\",2]");
        check_str(rig_heard(b), "[\"s1\",1]\n[\"s2\",2]\n");

        /* it is remembered who asked, and not longer than that */
        rig_sleep(rig, 3600 * USEC_PER_SEC);
        check(strstr(rig_ask(c, "\"aempd::nodes\""), "\"host2\""));
        rig_say(b, "[\"\",\"kil0\",\"s1\"][\"\",\"kil0\",\"s2\",\"x\"]");
        check_str(rig_heard(c), "[\"\",\"kil0\",\"host1#s1\"]\n[\"\",\"kil0\",\"host1#s2\",\"x\"]\n");
        check_str(rig_ask(c, "\"aempd::nodes\""), "[]");
        rig_free(rig);
}

TEST(limit_of_a_user) {
        RigEnd *c, *root;

        start();
        c = rig_client_of(rig, "third", 1000, "");
        root = rig_client(rig, "root");
        spawn(a, "s1");
        spawn(a, "s2");
        spawn(c, "s3");
        rig_heard(b);
        spawn(c, "s4");
        check_str(rig_heard(c),
                "[\"\",\"refused\",\"AnyEvent::MP::_spawn\",\"limit\",\"this user has as many spawned ports "
                "as "
                "it may\",\"s4\",\"My::f\",1,[2]]\n");
        rig_say(c, "[\"\",\"mon1\",\"host1#s4\"]");
        check_str(rig_heard(c),
                "[\"\",\"kil0\",\"host1#s4\",\"die\",\"there are as many spawned ports as may be\"]\n");
        check_str(rig_heard(b), "");
        /* it is charged while the ports live, also when who asked is gone */
        rig_close(a, "x");
        spawn(c, "s5");
        check(strstr(rig_heard(c), "\"limit\""));
        rig_say(b, "[\"\",\"kil0\",\"s1\"]");
        spawn(c, "s6");
        check_spawned("s6");

        for (unsigned i = 10; i < 20; i++) {
                char name[10];

                snprintf(name, sizeof(name), "s%u", i);
                spawn(root, name);
                check_spawned(name);
        }
        rig_free(rig);
}

TEST(limit_of_a_peer) {
        RigEnd *other;

        start();
        other = rig_peer(rig, "host3");
        rig_events(rig);
        spawn(peer, "s1");
        spawn(peer, "s2");
        spawn(peer, "s3");
        rig_heard(b);
        spawn(peer, "s4");
        check(strstr(rig_events(rig), "that node has as many spawned ports as it may"));
        rig_say(peer, "[\"\",\"mon1\",\"s4\"]");
        check(strstr(rig_heard(peer), "[\"\",\"kil0\",\"s4\",\"die\","));
        check_str(rig_heard(b), "");
        spawn(other, "t1");
        check_spawned("t1");
        /* a new connection is the same node */
        rig_close(peer, "x");
        peer = rig_peer(rig, "host2");
        spawn(peer, "s5");
        check_str(rig_heard(b), "");
        rig_say(b, "[\"\",\"kil0\",\"s2\"]");
        spawn(peer, "s6");
        check_spawned("s6");
        rig_free(rig);
}

TEST(only_its_client_speaks_for_it) {
        start();
        spawn(a, "sp");
        check_spawned("sp");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"][\"\",\"kil0\",\"host1#sp\"]");
        check(strstr(rig_heard(a), "\"refused\",\"kil0\",\"denied\""));
        rig_say(a, "[\"\",\"reg1\",\"log\",\"host1#sp\"]");
        check(strstr(rig_heard(a), "\"refused\",\"reg1\",\"denied\""));
        rig_say(b, "[\"\",\"kil0\",\"nosuch\"]");
        check(strstr(rig_heard(b), "\"refused\",\"kil0\",\"denied\""));
        rig_say(peer, "[\"\",\"kil0\",\"sp\"]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* Its name was chosen by somebody else. Where a node is meant, it is a node. */
TEST(named_like_a_node) {
        start();
        spawn(a, "host2");
        check_spawned("host2");
        rig_say(b, "[\"\",\"mon1\",\"host2\"]");
        rig_say(b, "[\"\",\"kil1\",\"host2#x\"]");
        check_str(rig_heard(peer), "[\"\",\"kil1\",\"x\"]\n");
        rig_close(peer, "x");
        check_str(rig_heard(b),
                "[\"\",\"kil0\",\"host2\",\"transport_error\",\"host2\",\"x\"]\n"
                "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"x\"]\n");
        rig_say(b, "[\"\",\"mon1\",\"host1#host2\"]");
        check_str(rig_heard(b), "");
        rig_say(b, "[\"\",\"kil0\",\"host2\",\"why\"]");
        check_str(rig_heard(b), "[\"\",\"kil0\",\"host1#host2\",\"why\"]\n");
        rig_free(rig);
}

TEST(with_a_well_known_name) {
        start();
        spawn(a, "sp");
        check_spawned("sp");
        rig_say(b, "[\"\",\"reg1\",\"log\",\"sp\"]");
        check_str(rig_ask(a, "\"wkp\",\"log\""), "\"host1#sp\"");
        rig_say(b, "[\"\",\"reg0\",\"log\"][\"\",\"reg1\",\"log\",\"host1#sp\"]");
        check_str(rig_heard(b), "");
        rig_say(b, "[\"\",\"kil0\",\"sp\"]");
        check_str(rig_ask(a, "\"wkp\",\"log\""), "null");
        rig_free(rig);
}

/* Who is remembered is bounded: the oldest goes. */
TEST(many_that_failed) {
        start();
        for (unsigned i = 0; i < 1030; i++) {
                rig_say(a, SPAWN "\"s%u\",\"No::f\"]", i);
                rig_heard(a);
        }
        rig_say(a, "[\"\",\"mon1\",\"host1#s5\"]");
        check(strstr(rig_heard(a), "no_such_port"));
        rig_say(a, "[\"\",\"mon1\",\"host1#s6\"]");
        check(strstr(rig_heard(a), "\"die\""));
        rig_say(a, "[\"\",\"mon1\",\"host1#s1029\"]");
        check(strstr(rig_heard(a), "\"die\""));
        rig_free(rig);
}

/* A reason that is larger than what is kept. */
TEST(failed_with_a_long_reason) {
        char text[2000];

        start();
        spawn(a, "sp");
        memset(text, 'x', sizeof(text));
        text[1999] = '\0';
        rig_say(b, "[\"\",\"kil0\",\"sp\",\"%s\"]", text);
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        check_str(rig_heard(a), no_such);
        rig_free(rig);
}

TEST(status) {
        RigEnd *root;

        start();
        root = rig_client(rig, "root");
        spawn(a, "s1");
        spawn(peer, "s2");
        rig_say(a, "[\"\",\"mon1\",\"host1#s1\"]");
        check(strstr(rig_ask(root, "\"aempd::clients\""),
                "\"watched\":1,\"spawned\":2,\"names\":0,\"functions\":1"));
        rig_free(rig);
}

/* One that is cut takes its spawned ports with it. */
TEST(too_slow) {
        char filler[1001];

        start();
        spawn(a, "sp");
        rig_say(a, "[\"\",\"mon1\",\"host1#sp\"]");
        b->slow = true;
        memset(filler, 'x', 1000);
        filler[1000] = '\0';
        for (unsigned n = 0; b->stream; n++) {
                check_int(n, <, 100);
                rig_say(peer, "[\"sp\",\"%s\"]", filler);
        }
        check_str(rig_heard(a), "[\"\",\"kil0\",\"host1#sp\",\"too_slow\",\"second\",101]\n");
        rig_free(rig);
}
