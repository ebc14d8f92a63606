/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where messages come from, told to a client that asked with src=1.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *b, *peer, *other;

static void start(const char *keys) {
        rig = rig_new("host1", NULL);
        a = rig_client_of(rig, "first", 1000, keys);
        b = rig_client(rig, "second");
        peer = rig_peer(rig, "host2");
        other = rig_peer(rig, "host3");
}

static void say(RigEnd *from, const char *text) {
        if (from == b)
                rig_say(from, "[\"host1#%sx\",\"%s\"]", a->prefix, text);
        else
                rig_say(from, "[\"%sx\",\"%s\"]", a->prefix, text);
}

TEST(only_who_asked) {
        static const char *const keys[] = {"", ";src=0", ";src=", ";src=11", ";xsrc=1", ";src"};

        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
                start(keys[i]);
                say(peer, "1");
                check_str(rig_heard(a), expect("[\"%sx\",\"1\"]\n", a->prefix));
                rig_free(rig);
        }
}

TEST(when_it_changes) {
        start(";new=1;src=1");
        say(b, "own");
        check_str(rig_heard(a), expect("[\"%sx\",\"own\"]\n", a->prefix));
        say(peer, "1");
        say(peer, "2");
        check_str(rig_heard(a),
                expect("[\"\",\"src\",\"host2\"]\n[\"%sx\",\"1\"]\n[\"%sx\",\"2\"]\n", a->prefix,
                        a->prefix));
        say(other, "3");
        say(b, "4");
        say(b, "5");
        say(peer, "6");
        check_str(rig_heard(a),
                expect("[\"\",\"src\",\"host3\"]\n[\"%sx\",\"3\"]\n[\"\",\"src\",\"host1\"]\n[\"%sx\",\"4\"]"
                       "\n"
                       "[\"%sx\",\"5\"]\n[\"\",\"src\",\"host2\"]\n[\"%sx\",\"6\"]\n",
                        a->prefix, a->prefix, a->prefix, a->prefix));
        rig_free(rig);
}

TEST(calls_and_spawns) {
        start(";src=1");
        rig_say(a, "[\"\",\"func1\",\"My::f\"]");
        rig_say(peer, "[\"\",\"My::f\",1]");
        rig_say(other, "[\"\",\"AnyEvent::MP::_spawn\",\"sp\",\"My::f\"]");
        rig_say(other, "[\"sp\",1]");
        rig_say(b, "[\"host1#sp\",2]");
        check_str(rig_heard(a),
                "[\"\",\"src\",\"host2\"]\n[\"\",\"My::f\",1]\n"
                "[\"\",\"src\",\"host3\"]\n[\"\",\"AnyEvent::MP::_spawn\",\"sp\",\"My::f\"]\n[\"sp\",1]\n"
                "[\"\",\"src\",\"host1\"]\n[\"sp\",2]\n");
        rig_free(rig);
}

/* What aempd itself has to say is not a message from anywhere. */
TEST(not_for_requests_of_aempd) {
        start(";src=1");
        rig_say(peer, "[\"\",\"mon1\",\"%sx\"]", a->prefix);
        rig_say(peer, "[\"\",\"kil1\",\"%sx\"]", a->prefix);
        rig_say(a, "[\"\",\"nodes1\"][\"\",\"mon1\",\"host2#p\"]");
        rig_say(peer, "[\"\",\"kil0\",\"p\"]");
        check(!strstr(rig_heard(a), "src"));
        say(peer, "1");
        check_str(rig_heard(a), expect("[\"\",\"src\",\"host2\"]\n[\"%sx\",\"1\"]\n", a->prefix));
        /* it stays what it was whatever is in between */
        rig_say(b, "[\"\",\"kil1\",\"host1#%sx\"]", a->prefix);
        say(peer, "2");
        check_str(rig_heard(a), expect("[\"\",\"kil1\",\"%sx\"]\n[\"%sx\",\"2\"]\n", a->prefix, a->prefix));
        rig_free(rig);
}

/* What a peer has relayed by us, or makes us answer, is its. */
TEST(relayed) {
        start(";src=1");
        rig_say(peer, "[\"\",\"snd\",\"host1#%sx\",1]", a->prefix);
        rig_say(peer, "[\"\",\"time\",\"host1#%sx\"]", a->prefix);
        rig_say(b, "[\"\",\"snd\",\"host1#%sx\",2]", a->prefix);
        check_str(rig_heard(a),
                expect("[\"\",\"src\",\"host2\"]\n[\"%sx\",1]\n[\"%sx\",1700000001]\n"
                       "[\"\",\"src\",\"host1\"]\n[\"%sx\",2]\n",
                        a->prefix, a->prefix, a->prefix));
        rig_free(rig);
}

/* Another connection of that node may say it again, and must not say anything else. */
TEST(nodes_come_and_go) {
        start(";src=1");
        say(peer, "1");
        rig_close(peer, "x");
        rig_sleep(rig, 3600 * USEC_PER_SEC); /* nothing is left that knew it */
        rig_heard(a);
        peer = rig_peer(rig, "host4");
        say(peer, "2");
        check_str(rig_heard(a), expect("[\"\",\"src\",\"host4\"]\n[\"%sx\",\"2\"]\n", a->prefix));
        rig_free(rig);
}
