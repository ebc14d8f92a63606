/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port, *other; /* P1.1, P1.2 */

/* Each line begins with the origin. */
static int heard_msg_origin(aemp_port *p, aemp_msg *msg, void *userdata) {
        buf_printf(&((Heard *) userdata)->text, "%s ", aemp_origin(a));
        return heard_msg(p, msg, userdata);
}

static int heard_func_origin(aemp *x, aemp_port *p, aemp_msg *args, void *userdata) {
        return heard_msg_origin(p, args, userdata);
}

static int heard_fn_origin(aemp *x, void *userdata) {
        buf_printf(&((Heard *) userdata)->text, "%s ", aemp_origin(a));
        return heard_fn(x, userdata);
}

static int heard_mon_origin(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        buf_printf(&((Heard *) userdata)->text, "%s ", aemp_origin(a));
        return heard_mon(x, id, reason, userdata);
}

static int heard_cal_origin(aemp *x, int error, aemp_msg *msg, void *userdata) {
        buf_printf(&((Heard *) userdata)->text, "%s ", aemp_origin(a));
        return heard_cal(x, error, msg, userdata);
}

static void setup(Heard *h) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg_origin, h), ==, 0);
        check_int(aemp_port_new(a, &other, heard_msg_origin, h), ==, 0);
}

static void teardown(void) {
        aemp_port_unref(port);
        aemp_port_unref(other);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(asked_for) {
        Heard h = {0};

        setup(&h);
        check_str((const char *) fake.line.data, "aemp-client;1;test;;cbor;src=1");
        check_str(aemp_origin(NULL), NULL);
        teardown();
}

TEST(messages) {
        Heard h = {0};

        setup(&h);
        check_str(aemp_origin(a), "host1");
        fake_say(&fake, "[\"P1.1\",1]");
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",2]");
        fake_say(&fake, "[\"P1.2\",3]");
        fake_say(&fake, "[\"\",\"src\",\"m\"]");
        fake_say(&fake, "[\"P1.1\",4]");
        fake_say(&fake, "[\"\",\"src\",\"host1\"]");
        fake_say(&fake, "[\"P1.1\",5]");
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1 [1]; n [2]; n [3]; m [4]; host1 [5]; ");
        check_str(aemp_origin(a), "host1"); /* nothing is being handled */
        fake_say(&fake, "[\"P1.1\",6]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n [6]; ");

        /* What is none changes nothing, or says that nothing is known. */
        fake_say(&fake, "[\"\",\"src\"]");
        fake_say(&fake, "[\"\",\"src\",[]]");
        fake_say(&fake, "[\"P1.1\",7]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n [7]; ");
        teardown();
}

TEST(calls) {
        Heard h = {0};

        setup(&h);
        check_int(aemp_func(a, NULL, "A::f", heard_func_origin, &h), ==, 0);
        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal_origin, &h, NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake, "[\"\",\"A::f\",1]");
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"\",\"A::f\",2]");
        fake_say(&fake, "[\"P1.3\",\"reply\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1 [1]; n [2]; n [\"reply\"]; ");
        teardown();
}

static int sends_to_other(aemp_port *p, aemp_msg *msg, void *userdata) {
        check_int(aemp_snd(a, aemp_port_id(other), "[s]", aemp_origin(a)), ==, 0);
        check_int(aemp_after(a, NULL, 0, heard_fn_origin, userdata), ==, 0);
        return heard_msg_origin(p, msg, userdata);
}

/* What begins here comes from here, also when something from elsewhere led to it. */
TEST(own) {
        Heard h = {0};

        setup(&h);
        check_int(aemp_rcv_default(port, sends_to_other, &h), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon_origin, &h), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon_origin, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",1]");
        check_int(aemp_wait(a, 2000000), ==, 1);
        check_int(run(a), ==, 0);
        while (aemp_wait(a, 0) == 1)
                check_int(run(a), ==, 0);
        check_str(heard(&h), "n [1]; host1 [\"n\"]; host1 .; ");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1 n#p []; host1 host1#P1.1 []; ");
        teardown();
}

/* `down` delivers what waits here in between. */
TEST(delivered_before_an_answer) {
        Heard h = {0};

        setup(&h);
        check_int(aemp_mon_snd(a, NULL, "n#p", aemp_port_id(other), "[s]", "died"), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",1]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1 [\"died\"]; n [1]; ");
        teardown();
}

TEST(failed_callback) {
        Heard h = {.result = -EIO};

        setup(&h);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",1]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n [1]; ");
        check_str(aemp_origin(a), "host1");
        check_int(aemp_port_is_alive(port), ==, 0);
        teardown();
}

TEST(attached_again) {
        Heard h = {0};

        setup(&h);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        check_int(run(a), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        fake.node = "host2";
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_say(&fake, "[\"P2.1\",1]");
        fake_say(&fake, "[\"\",\"src\",\"host1\"]");
        fake_say(&fake, "[\"P2.1\",2]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host2 [1]; host1 [2]; ");
        teardown();
}

/* What came while the program waited is handled later, and is from where it was. */
TEST(waited) {
        Heard h = {0};
        aemp_msg *msg;

        setup(&h);
        check_int(aemp_func(a, NULL, "A::f", heard_func_origin, &h), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",1]");
        fake_say(&fake, "[\"\",\"src\",\"m\"]");
        fake_say(&fake, "[\"\",\"A::f\",2]");
        fake_say(&fake, "[\"P1.1\",3]");
        fake_say(&fake, "[\"\",\"src\",\"o\"]");
        fake_say(&fake, "[\"P1.2\",4]");
        check_int(aemp_port_recv(other, &msg, 2000000), ==, 0);
        aemp_msg_unref(msg);
        fake_say(&fake, "[\"P1.2\",5]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n [1]; m [2]; m [3]; o [5]; ");
        teardown();
}
