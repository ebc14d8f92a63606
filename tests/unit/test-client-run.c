/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Code in a port's name. */

#include <errno.h>
#include <stdio.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port, *outer;
static Heard h;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_port_new(a, &outer, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(outer), heard_mon, &h), ==, 0);
}

static void teardown(void) {
        aemp_port_unref(port);
        aemp_port_unref(outer);
        aemp_unref(a);
        fake_deinit(&fake);
}

static int result;

static int returns(aemp_port *p, void *userdata) {
        aemp_msg *msg;

        check(p == port);
        check(aemp_self(a) == p);
        check_str(userdata, "userdata");
        check_int(aemp_process(a), ==, -EBUSY);
        check_int(aemp_wait(a, 0), ==, -EBUSY);
        check_int(aemp_port_recv(p, &msg, 0), ==, -EBUSY);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, NULL), ==, -EBUSY);
        return result;
}

TEST(outside) {
        char userdata[] = "userdata";

        setup();
        check_int(aemp_port_run(port, returns, userdata), ==, 0);
        check(!aemp_self(a));
        result = 5;
        check_int(aemp_port_run(port, returns, userdata), ==, 5);
        check_int(aemp_port_is_alive(port), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");

        result = -EDOM;
        check_int(aemp_port_run(port, returns, userdata), ==, -EDOM);
        check(!aemp_self(a));
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(run(a), ==, 0); /* it is no error of aemp_process() */
        check_str(heard(&h), "host1#P1.1 [\"die\",\"Numerical argument out of domain\"]; ");
        check_int(aemp_port_run(port, returns, userdata), ==, -ESTALE);
        check_int(aemp_port_run(NULL, returns, userdata), ==, -EINVAL);
        check_int(aemp_port_run(outer, NULL, userdata), ==, -EINVAL);
        teardown();
}

static int fails_with_text(aemp_port *p, void *userdata) {
        return aemp_port_fail(p, -EDOM, "no %s", "luck");
}

TEST(text) {
        setup();
        check_int(aemp_port_run(port, fails_with_text, NULL), ==, -EDOM);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"no luck\"]; ");
        teardown();
}

static int runs(aemp_port *p, aemp_msg *msg, void *userdata) {
        const char *before, *after;

        check_int(aemp_msg_unpack(msg, "[s]", &before), ==, 0);
        check_int(aemp_port_run(port, fails_with_text, NULL), ==, -EDOM);
        check(aemp_self(a) == outer);
        check_int(aemp_msg_unpack(msg, "[s]", &after), ==, 0);
        check_str(before, "hello");
        check(before != after); /* what was unpacked stays */
        check_str(after, "hello");
        return userdata ? -EDOM : 0;
}

TEST(in_a_callback) {
        setup();
        check_int(aemp_rcv_default(outer, runs, NULL), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(outer), "[s]", "hello"), ==, 0);
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(outer), ==, 1);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"no luck\"]; ");
        teardown();
}

/* The text is that of the inner failure only. */
TEST(text_in_a_callback) {
        setup();
        check_int(aemp_rcv_default(outer, runs, &h), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(outer), "[s]", "hello"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h),
                "host1#P1.1 [\"die\",\"no luck\"]; host1#P1.2 [\"die\",\"Numerical argument out of "
                "domain\"]; ");
        teardown();
}

static int fails_first(aemp_port *p, aemp_msg *msg, void *userdata) {
        int r = aemp_port_fail(p, -EDOM, "outer");

        check_int(aemp_port_run(port, fails_with_text, NULL), ==, -EDOM);
        return r;
}

TEST(text_before) {
        setup();
        check_int(aemp_rcv_default(outer, fails_first, NULL), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(outer), "[s]", "hello"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"no luck\"]; host1#P1.2 [\"die\",\"outer\"]; ");
        teardown();
}

static int runs_itself(aemp_port *p, void *userdata) {
        int *left = userdata;

        check(aemp_self(a) == p);
        if (--*left > 0)
                check_int(aemp_port_run(p, runs_itself, userdata), ==, -EIO);
        check(aemp_self(a) == p);
        return -EIO;
}

/* Within itself; dies in the innermost. */
TEST(recursion) {
        int left = 10;

        setup();
        check_int(aemp_port_run(port, runs_itself, &left), ==, -EIO);
        check_int(left, ==, 0);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"Input/output error\"]; ");
        teardown();
}

static int drops_all(aemp_port *p, void *userdata) {
        aemp *was = a;

        aemp_port_unref(port);
        aemp_port_unref(outer);
        port = outer = NULL;
        a = aemp_unref(was);
        return -EIO;
}

TEST(drops_the_aemp) {
        setup();
        check_int(aemp_port_run(port, drops_all, NULL), ==, -EIO);
        fake_deinit(&fake);
}

static int closes(aemp_port *p, void *userdata) {
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        return 3;
}

TEST(closes_the_aemp) {
        setup();
        check_int(aemp_port_run(port, closes, NULL), ==, 3);
        check_int(aemp_port_run(port, closes, NULL), ==, -ESTALE);
        teardown();
}
