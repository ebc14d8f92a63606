/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static Heard h;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(reply) {
        setup();
        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, "[s,i]", "add", 1), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"add\",1,\"host1#P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"sum\",2]");
        fake_say(&fake, "[\"P1.1\",\"sum\",3]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"sum\",2]; ");

        /* The reply port is gone, and there was no need for a mon0. */
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.1\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P1.1\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(death) {
        setup();
        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",\"late\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[\"transport_error\",\"n\"]; ");
        teardown();
}

TEST(timeout) {
        setup();
        check_int(aemp_cal(a, NULL, "n#p", 1000, heard_cal, &h, NULL), ==, 0);
        check_int(aemp_cal(a, NULL, "n#q", 0, heard_cal, &h, NULL), ==, 0);
        while (h.text.len < 2 * strlen("ETIMEDOUT[]; ")) /* in one turn, or in two */
                run_next(a);
        check_str(heard(&h), "ETIMEDOUT[]; ETIMEDOUT[]; ");
        fake_say(&fake, "[\"P1.1\",\"late\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        teardown();
}

TEST(own_node) {
        setup();
        check_int(aemp_cal(a, NULL, "", AEMP_INFINITE, heard_cal, &h, "[s]", "time"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"time\",\"host1#P1.1\"]");
        fake_say(&fake, "[\"P1.1\",1.5]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1.5]; ");
        fake_expect_nothing(&fake);

        check_int(aemp_cal(a, NULL, "", AEMP_INFINITE, heard_cal, &h, "[s]", "time"), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[\"transport_error\",\"host1\",\"aempd went away\"]; ");
        check_int(aemp_cal(a, NULL, "", AEMP_INFINITE, heard_cal, &h, "[s]", "time"), ==, -ENOTCONN);
        teardown();
}

TEST(refused) {
        setup();
        check_int(aemp_cal(a, NULL, "", AEMP_INFINITE, heard_cal, &h, "[s,i]", "frobnicate", 1), ==, 0);
        fake_say(
                &fake, "[\"\",\"refused\",\"frobnicate\",\"unknown\",\"no such request\",1,\"host1#P1.1\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNREFUSED[\"unknown\",\"no such request\"]; ");
        teardown();
}

/* Who was asked may answer by killing the reply port. */
TEST(killed) {
        setup();
        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\",\"die\",\"no\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[\"die\",\"no\"]; ");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");

        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        check_int(aemp_kil(a, "host1#P1.2", NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[]; ");
        teardown();
}

static int answer(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *reply_to;
        int n;

        check_int(aemp_msg_unpack(msg, "[i,s]", &n, &reply_to), ==, 0);
        if (n < 0)
                return aemp_port_fail(port, -EDOM, "negative");
        return aemp_snd(aemp_port_get(port), reply_to, "[i]", n * 2);
}

TEST(own_port) {
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, answer, NULL), ==, 0);
        check_int(aemp_cal(a, NULL, aemp_port_id(port), AEMP_INFINITE, heard_cal, &h, "[i]", 21), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[42]; ");
        check_int(aemp_cal(a, NULL, aemp_port_id(port), AEMP_INFINITE, heard_cal, &h, "[i]", -1), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[\"die\",\"negative\"]; ");
        check_int(aemp_cal(a, NULL, "host1#P1.1", AEMP_INFINITE, heard_cal, &h, "[i]", -1), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h),
                "ECONNRESET[\"no_such_port\",\"cannot monitor nonexistent port\",\"host1#P1.1\"]; ");
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

TEST(abandon) {
        aemp_slot *slot;

        setup();
        check_int(aemp_cal(a, &slot, "n#p", 1000000, heard_cal, &h, NULL), ==, 0);
        aemp_slot_unref(slot);
        fake_say(&fake, "[\"P1.1\",\"reply\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");

        /* Abandoned by its port's death. */
        aemp_port *port;
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_cal(a, &slot, "n#p", 1000000, heard_cal, &h, NULL), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        fake_say(&fake, "[\"P1.3\",\"reply\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        aemp_slot_unref(slot);
        aemp_port_unref(port);
        teardown();
}

static aemp_slot *slot;
static int calls;

static int again(aemp *x, int error, aemp_msg *msg, void *userdata) {
        check_int(error, ==, 0);
        slot = aemp_slot_unref(slot);
        return ++calls < 5 ? aemp_cal(x, &slot, "n#p", AEMP_INFINITE, again, NULL, NULL) : 0;
}

/* A call after the other to the same port: one monitor. */
TEST(chain) {
        setup();
        check_int(aemp_cal(a, &slot, "n#p", AEMP_INFINITE, again, NULL, NULL), ==, 0);
        for (int i = 1; i <= 5; i++) {
                char text[64];

                check_int(run(a), ==, 0);
                if (i == 1)
                        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
                (void) snprintf(text, sizeof text, "[\"n#p\",\"host1#P1.%d\"]", i);
                fake_expect(&fake, text);
                (void) snprintf(text, sizeof text, "[\"P1.%d\"]", i);
                fake_say(&fake, text);
        }
        check_int(run(a), ==, 0);
        check_int(calls, ==, 5);
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");
        fake_expect_nothing(&fake);
        teardown();
}
