/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What comes while the program waits stays in order. */

#include <errno.h>
#include <stdio.h>

#include "tests/unit/test.h"
#include "tests/unit/waiter.h"

static int on_func(aemp *x, aemp_port *p, aemp_msg *args, void *userdata) {
        check_int(p ? aemp_rcv_default(p, heard_msg, userdata) : 0, ==, 0);
        return heard_msg(p, args, userdata);
}

static int says_origin(aemp_port *p, aemp_msg *m, void *userdata) {
        buf_put_str(&h.text, str_from(aemp_origin(a)));
        return heard_msg(p, m, userdata);
}

/* --- order ------------------------------------------------------------------------------------------ */

TEST(everything_in_order) {
        setup();
        check_int(aemp_func(a, NULL, "My::f", on_func, &h), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h), ==, 0);
        check_int(aemp_on_refused(a, NULL, heard_refused, &h), ==, 0);
        check_int(aemp_mon_nodes(a, NULL, heard_node, &h), ==, 0);
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"My::f\",2]");
        fake_say(&fake, "[\"\",\"AnyEvent::MP::_spawn\",\"spawned\",\"My::f\",3]");
        fake_say(&fake, "[\"spawned\",4]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",5]");
        fake_say(&fake, "[\"\",\"refused\",\"snd\",\"denied\",\"6\"]");
        fake_say(&fake, "[\"\",\"node\",\"n\",false]");
        fake_say(&fake, "[\"\",\"kil1\",\"spawned\",7]");
        fake_say(&fake, "[\"\"]");
        fake_say(&fake, "[\"\",\"\",8]");
        look();
        check_str(heard(&h), "");
        check(readable());

        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; n up []; [2]; [3]; [4]; n#p [5]; snd denied 6; n down []; ");
        check(!readable());
        fake_expect(&fake, "[\"\",\"func1\",\"My::f\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"spawned\",7]");
        fake_expect_nothing(&fake);
        teardown();
}

static aemp_port *spawned;

static int on_spawn(aemp *x, aemp_port *p, aemp_msg *args, void *userdata) {
        spawned = aemp_port_ref(p);
        return aemp_rcv_default(p, heard_msg, userdata);
}

/* What came for a port before the port itself was there is in front of what comes then. */
TEST(spawned_in_order) {
        char filler[60000];

        setup();
        memset(filler, 'x', sizeof filler);
        check_int(aemp_func(a, NULL, "My::f", on_spawn, &h), ==, 0);
        for (int i = 1; i <= 2; i++) {
                char text[100];

                /* as much as fits into a turn, and what does not */
                fake_say_raw(&fake, "\x82\x64P1.2\x59\xea\x60", 9);
                fake_say_raw(&fake, filler, sizeof filler);
                (void) snprintf(text, sizeof text, "[\"\",\"AnyEvent::MP::_spawn\",\"s%d\",\"My::f\"]", i);
                fake_say(&fake, text);
                look();
                fake_say_raw(&fake, "\x82\x64P1.2\x59\xea\x60", 9);
                fake_say_raw(&fake, filler, sizeof filler);
                (void) snprintf(text, sizeof text, "[\"s%d\",\"first\"]", i);
                fake_say(&fake, text);
                (void) snprintf(text, sizeof text, "[\"s%d\",\"second\"]", i);
                fake_say(&fake, text);
                look();
                check_int(aemp_process(a), ==, 1);
                check(spawned);
                buf_deinit(&h.text);

                if (i == 1) {
                        (void) snprintf(text, sizeof text, "[\"s%d\",\"third\"]", i);
                        fake_say(&fake, text);
                        look();
                        check_int(aemp_port_recv_tag(spawned, &msg, "first", 0), ==, 0);
                        msg = aemp_msg_unref(msg);
                        check_int(aemp_port_recv_tag(spawned, &msg, "second", 0), ==, 0);
                        msg = aemp_msg_unref(msg);
                        check_int(run(a), ==, 0);
                        check_str(strstr(heard(&h), "[\"third"), "[\"third\"]; ");
                } else {
                        (void) snprintf(text, sizeof text, "[\"\",\"kil1\",\"s%d\"]", i);
                        fake_say(&fake, text);
                        look();
                        check_int(aemp_port_is_alive(spawned), ==, 1);
                        check_int(run(a), ==, 0);
                        check_str(strstr(heard(&h), "[\"first"), "[\"first\"]; [\"second\"]; ");
                        check_int(aemp_port_is_alive(spawned), ==, 0);
                }
                spawned = aemp_port_unref(spawned);
        }
        teardown();
}

/* Where things come from stays with them. */
TEST(origin) {
        setup();
        check_int(aemp_rcv_default(other, says_origin, &h), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"n1\"]");
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"\",\"src\",\"n2\"]");
        fake_say(&fake, "[\"P1.1\",2]");
        fake_say(&fake, "[\"\",\"src\",\"n3\"]");
        fake_say(&fake, "[\"P1.2\",3]");
        check_int(aemp_port_recv(port, &msg, 0), ==, 0);
        msg = aemp_msg_unref(msg);
        look();
        check_str(aemp_origin(a), "host1");
        fake_say(&fake, "[\"P1.2\",4]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n1[1]; n3[3]; n3[4]; ");

        fake_say(&fake, "[\"\",\"src\",\"n4\"]");
        look();
        fake_say(&fake, "[\"P1.2\",5]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n4[5]; ");
        teardown();
}

/* Which nodes are up is known at once when nobody is called for it. */
TEST(nodes) {
        aemp_slot *slot;

        setup();
        check_int(aemp_mon_nodes(a, NULL, NULL, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"P1.3\",1.5]");
        check_int(aemp_cal_wait(a, &msg, "", AEMP_INFINITE, "[s]", "time"), ==, 0);
        msg = aemp_msg_unref(msg);
        check_int(aemp_node_is_up(a, "n"), ==, 1);

        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"m\",true]");
        look();
        check_int(aemp_node_is_up(a, "m"), ==, 0);
        check_int(run(a), ==, 0);
        check_int(strlen(heard(&h)), ==, strlen("m up []; n up []; ")); /* in no order */
        check_int(aemp_node_is_up(a, "m"), ==, 1);
        aemp_slot_unref(slot);
        teardown();
}

/* What was kept for those who watched them is nothing to who begins after them. */
TEST(nodes_again) {
        aemp_slot *slot;

        setup();
        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"m\"]");
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"src\",\"k\"]");
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"\",\"node\",\"o\",true]");
        look();
        aemp_slot_unref(slot);
        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; ");
        check_int(aemp_node_is_up(a, "n"), ==, 0);
        aemp_slot_unref(slot);
        teardown();
}

/* More than one turn has time for. Timers and what this process sends to itself have their turn as well. */
TEST(many) {
        char text[64], expected[64];
        int n = 0;

        setup();
        for (int i = 0; i < 2000; i++) {
                (void) snprintf(text, sizeof text, "[\"P1.2\",%d,\"0123456789012345678901234567890\"]", i);
                fake_say(&fake, text);
                if (i % 100 == 0)
                        look();
        }
        look();
        fake_say(&fake, "[\"P1.2\",2000]");
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        for (int turns = 1;; turns++) {
                int r = aemp_process(a);

                check_int(r, >=, 0);
                check_int(r > 0, ==, readable());
                if (r > 0)
                        continue;
                check_int(turns, >, 2);
                break;
        }

        for (const char *p = (const char *) h.text.data; n < 2001; p = strchr(p, ';') + 2) {
                if (*p == '.')
                        continue;
                (void) snprintf(expected, sizeof expected, "[%d", n++);
                check_mem(p, strlen(expected), expected, strlen(expected));
        }
        buf_deinit(&h.text);
        teardown();
}

static int once(aemp_port *p, aemp_msg *m, void *userdata) {
        a = aemp_unref(a);
        return 0;
}

/* A callback drops everything, with more to come. */
TEST(dropped_in_the_middle) {
        setup();
        check_int(aemp_rcv_default(other, once, NULL), ==, 0);
        for (int i = 0; i < 10; i++)
                fake_say(&fake, "[\"P1.2\",1]");
        look();
        check_int(aemp_process(a), >=, 0);
        check(!a);
        check_int(aemp_port_is_alive(port), ==, 0);
        teardown();
}

TEST(closed) {
        setup();
        for (int i = 0; i < 10; i++)
                fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        look();
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_int(aemp_get_queued(a), ==, 0);
        teardown();
}
