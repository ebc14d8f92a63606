/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

TEST(ids) {
        aemp_port *port = NULL;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        for (int i = 1; i <= 62 * 62; i++) {
                check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
                if (i == 1)
                        check_str(aemp_port_id(port), "host1#P1.1");
                if (i == 61)
                        check_str(aemp_port_id(port), "host1#P1.z");
                if (i == 62)
                        check_str(aemp_port_id(port), "host1#P1.10");
                if (i == 62 * 62)
                        check_str(aemp_port_id(port), "host1#P1.100");
                port = aemp_port_unref(port);
        }
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(receive) {
        Heard h = {0}, tagged = {0};
        aemp_slot *slot;
        aemp_port *port;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_rcv(port, &slot, "ping", heard_msg, &tagged), ==, 0);

        fake_say(&fake, "[\"P1.1\",\"ping\",1,2]");
        fake_say(&fake, "[\"P1.1\",\"pong\",1]");
        fake_say(&fake, "[\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",[\"ping\"]]");
        fake_say(&fake, "[\"P1.01\",\"ping\"]"); /* other names */
        fake_say(&fake, "[\"P1.2\",\"ping\"]");
        fake_say(&fake, "[\"P1.\",\"ping\"]");
        fake_say(&fake, "[\"P2.1\",\"ping\"]");
        fake_say(&fake, "[\"P1.zzzzzzzzzzz\",\"ping\"]");
        fake_say(&fake, "[\"P1.1 \",\"ping\"]");
        fake_say(&fake, "[]");
        check_int(run(a), ==, 0);
        check_str(heard(&tagged), "[1,2]; ");
        check_str(heard(&h), "[\"pong\",1]; []; [[\"ping\"]]; ");

        /* A byte string is the same string; so is one in chunks. */
        fake_say_raw(&fake, "\x83\x44P1.1\x44ping\x03", 12);
        fake_say_raw(&fake, "\x9f\x64P1.1\x7f\x62pi\x62ng\xff\x04\xff", 16);
        check_int(run(a), ==, 0);
        check_str(heard(&tagged), "[3]; [4]; ");

        check(!aemp_slot_unref(slot));
        fake_say(&fake, "[\"P1.1\",\"ping\",5]");
        check_int(run(a), ==, 0);
        check_str(heard(&tagged), "");
        check_str(heard(&h), "[\"ping\",5]; ");

        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(rcv_again) {
        Heard first = {0}, second = {0};
        aemp_slot *slot1, *slot2;
        aemp_port *port;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_rcv(port, &slot1, "x", heard_msg, &first), ==, 0);
        check_int(aemp_rcv(port, &slot2, "x", heard_msg, &second), ==, 0);
        fake_say(&fake, "[\"P1.1\",\"x\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&first), "");
        check_str(heard(&second), "[]; ");

        check_int(aemp_slot_set_port(slot1, port), ==, -ESTALE);
        check_int(aemp_slot_set_port(slot2, port), ==, -EINVAL);
        aemp_slot_unref(slot1);
        check(aemp_slot_ref(slot2) == slot2);
        aemp_slot_unref(slot2);
        aemp_slot_unref(slot2);
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(rcv_default) {
        Heard first = {0}, second = {0};
        aemp_port *port;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &first), ==, 0);
        check_int(aemp_rcv_default(port, heard_msg, &second), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[i]", 1), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&first), "");
        check_str(heard(&second), "[1]; ");

        check_int(aemp_rcv_default(port, NULL, NULL), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[i]", 1), ==, 0);
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(port), ==, 0);

        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(unhandled) {
        aemp_port *port;
        Heard h = {0};
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_rcv(port, NULL, "x", heard_msg, &h), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"x\"]");
        fake_say(&fake, "[\"P1.1\",\"y\",1]");
        fake_say(&fake, "[\"P1.1\",\"x\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[]; ");
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.1\",\"unhandled_message\",\"no callback takes message \\\"y\\\"\"]");
        check_int(aemp_port_is_alive(port), ==, 0);
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

static int fail_plain(aemp_port *port, aemp_msg *msg, void *userdata) {
        return -ENOENT;
}

static int fail_text(aemp_port *port, aemp_msg *msg, void *userdata) {
        return aemp_port_fail(port, -ENOENT, "no %s today", "milk");
}

static int fail_other(aemp_port *port, aemp_msg *msg, void *userdata) {
        (void) aemp_port_fail(port, -ENOENT, "not this");
        return -EBUSY;
}

static int fail_unpack(aemp_port *port, aemp_msg *msg, void *userdata) {
        int i;

        return aemp_msg_unpack(msg, "[s,i]", NULL, &i);
}

TEST(die) {
        static const struct {
                aemp_msg_fn fn;
                const char *text;
        } ways[] = {
                {fail_plain, "No such file or directory"},
                {fail_text, "no milk today"},
                {fail_other, "Device or resource busy"},
                {fail_unpack, "message is not [s,i]: element 1 is no integer that fits"},
        };
        char text[256];
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
                check_int(aemp_port_new(a, NULL, ways[i].fn, NULL), ==, 0);
                (void) snprintf(text, sizeof text, "[\"\",\"mon1\",\"P1.%u\"]", i + 1);
                fake_say(&fake, text);
                (void) snprintf(text, sizeof text, "[\"P1.%u\",\"a\",\"b\"]", i + 1);
                fake_say(&fake, text);
                check_int(run(a), ==, 0);
                (void) snprintf(
                        text, sizeof text, "[\"\",\"kil0\",\"P1.%u\",\"die\",\"%s\"]", i + 1, ways[i].text);
                fake_expect(&fake, text);
        }
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(kil1) {
        aemp_port *port;
        Heard h = {0};
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"before\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\",\"because\",[1]]");
        fake_say(&fake, "[\"P1.1\",\"after\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\",\"again\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"\",\"nobody\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"before\"]; ");
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\",\"because\",[1]]");
        fake_expect_nothing(&fake);
        check_int(aemp_port_is_alive(port), ==, 0);

        /* Watched too late. */
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"mon1\",\"P9.1\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.1\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P1.1\"]");
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P9.1\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P9.1\"]");

        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(mon0) {
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, NULL, NULL, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"host1#P1.1\"]");
        fake_say(&fake, "[\"\",\"mon0\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(nonsense_from_aempd) {
        static const char *const nonsense[] = {
                "[\"\"]",
                "[\"\",\"mon1\"]",
                "[\"\",\"mon0\",{}]",
                "[\"\",\"kil0\"]",
                "[\"\",\"kil0\",\"x#y\"]",
                "[\"\",\"down\"]",
                "[\"\",\"down\",[1]]",
                "[\"\",\"node\"]",
                "[\"\",\"node\",\"x\"]",
                "[\"\",\"node\",\"x\",\"y\"]",
                "[\"\",\"refused\"]",
                "[\"\",\"refused\",\"a\",\"b\"]",
                "[\"\",\"\"]",
                "[\"\",\"frobnicate\",1]",
                "[null,\"kil1\",null]",
                "[\"\",{}]",
                "[[],1]",
                "{}",
                "[{\"a\":1}]",
        };
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
                fake_say(&fake, nonsense[i]);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check_int(aemp_is_attached(a), ==, 1);
        aemp_unref(a);
        fake_deinit(&fake);
}

typedef struct Self {
        aemp_port *port;
        aemp_slot *slot;
        int calls;
} Self;

static int kill_self(aemp_port *port, aemp_msg *msg, void *userdata) {
        Self *self = userdata;
        aemp *a = aemp_port_get(port);

        self->calls++;
        check(port == self->port);
        check(aemp_self(a) == port);
        check_int(aemp_port_kil(port, "[s]", "enough"), ==, 0);
        self->slot = aemp_slot_unref(self->slot);
        self->port = aemp_port_unref(self->port);
        check_int(aemp_port_is_alive(port), ==, 0);
        check(!aemp_port_get(port));
        check(!aemp_port_id(port));
        check_int(aemp_port_kil(port, NULL), ==, -ESTALE);
        check_int(aemp_rcv(port, NULL, "x", heard_msg, NULL), ==, -ESTALE);
        check_int(aemp_rcv_default(port, heard_msg, NULL), ==, -ESTALE);
        check_int(aemp_mon_kil(a, NULL, "x#y", port), ==, -ESTALE);
        check_str(aemp_msg_tag(msg), "end"); /* the message is still there */
        return -EIO;                         /* of a port that is dead already */
}

TEST(kill_self) {
        Self self = {0};
        Heard h = {0};
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &self.port, heard_msg, &h), ==, 0);
        check_int(aemp_rcv(self.port, &self.slot, "end", kill_self, &self), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"end\"]");
        fake_say(&fake, "[\"P1.1\",\"end\"]");
        check_int(run(a), ==, 0);
        check_int(self.calls, ==, 1);
        check(!aemp_self(a));
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\",\"enough\"]");
        fake_expect_nothing(&fake);
        check_str(heard(&h), "");
        aemp_unref(a);
        fake_deinit(&fake);
}

/* Drops everything there is. */
static int drop_all(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *text;

        aemp_unref(userdata);
        check_int(aemp_msg_unpack(msg, "[s]", &text), ==, 0);
        check_str(text, "x");
        return 0;
}

TEST(drop_the_aemp) {
        aemp_port *port;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, drop_all, a), ==, 0);
        check_int(aemp_port_new(a, NULL, drop_all, a), ==, 0);
        fake_say(&fake, "[\"P1.1\",\"x\"]");
        (void) aemp_process(a);

        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, -ESTALE);
        aemp_port_unref(port);
        check_str(fake_hear(&fake), NULL);
        fake_deinit(&fake);
}

static int close_it(aemp_port *port, aemp_msg *msg, void *userdata) {
        aemp *a = aemp_port_get(port);

        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_str(aemp_msg_tag(msg), "x");
        check_int(aemp_snd(a, "x", NULL), ==, -ENOTCONN);
        return -EIO;
}

TEST(close_in_callback) {
        Heard h = {0};
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, NULL, close_it, NULL), ==, 0);
        check_int(aemp_port_new(a, NULL, heard_msg, &h), ==, 0);
        fake_say(&fake, "[\"P1.1\",\"x\"]");
        fake_say(&fake, "[\"P1.2\",\"x\"]");
        check_int(aemp_snd(a, "host1#P1.2", "[s]", "x"), ==, 0);
        (void) aemp_process(a);
        check_str(heard(&h), "");
        check_int(aemp_process(a), ==, -ENOTCONN);
        fake_expect(&fake, "[\"\",\"bye\"]");
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(local_delivery) {
        aemp_port *port;
        Heard h = {0};
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_snd(a, "host1#P1.1", "[i]", 1), ==, 0);
        check_int(aemp_snd(a, "host1#P1.1", "[i]", 2), ==, 0);
        check_int(aemp_snd(a, "host1#P1.99", "[i]", 2), ==, 0); /* there is none */
        check_str(heard(&h), "");
        check_int(aemp_get_queued(a), >, 0);
        check_int(aemp_wait(a, 0), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; [2]; ");
        check_int(aemp_get_queued(a), ==, 0);
        check_int(aemp_wait(a, 0), ==, 0);

        /* aemp_kil() comes after what was sent before, aemp_port_kil() at once. */
        check_int(aemp_snd(a, "host1#P1.1", "[i]", 3), ==, 0);
        check_int(aemp_kil(a, "host1#P1.1", NULL), ==, 0);
        check_int(aemp_snd(a, "host1#P1.1", "[i]", 4), ==, 0);
        check_int(aemp_port_is_alive(port), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[3]; ");
        check_int(aemp_port_is_alive(port), ==, 0);
        aemp_port_unref(port);

        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[i]", 3), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        fake_expect_nothing(&fake);

        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

static int forward(aemp_port *port, aemp_msg *msg, void *userdata) {
        int n;

        check_int(aemp_msg_unpack(msg, "[i]", &n), ==, 0);
        *(int *) userdata = n;
        return n > 0 ? aemp_snd(aemp_port_get(port), aemp_port_id(port), "[i]", n - 1) : 0;
}

TEST(local_ping_pong) {
        int n = -1;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, NULL, forward, &n), ==, 0);
        check_int(aemp_snd(a, "host1#P1.1", "[i]", 1000), ==, 0);

        /* One turn does not go on for ever. */
        check_int(aemp_process(a), ==, 1);
        check_int(n, >, 900);
        check_int(aemp_wait(a, AEMP_INFINITE), ==, 1);
        check_int(run(a), ==, 0);
        check_int(n, ==, 0);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(bad_arguments) {
        aemp_port *port;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(NULL, &port, NULL, NULL), ==, -EINVAL);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_rcv(NULL, NULL, "x", heard_msg, NULL), ==, -EINVAL);
        check_int(aemp_rcv(port, NULL, NULL, heard_msg, NULL), ==, -EINVAL);
        check_int(aemp_rcv(port, NULL, "x", NULL, NULL), ==, -EINVAL);
        check_int(aemp_rcv_default(NULL, NULL, NULL), ==, -EINVAL);
        check_int(aemp_port_kil(NULL, NULL), ==, -EINVAL);
        check_int(aemp_port_kil(port, "s"), ==, -EINVAL);
        check_int(aemp_port_kil(port, "[s]", NULL), ==, -EINVAL);
        check_int(aemp_port_is_alive(port), ==, 1);
        check_int(aemp_port_is_alive(NULL), ==, 0);
        check(!aemp_port_id(NULL));
        check(!aemp_port_get(NULL));
        check(!aemp_port_ref(NULL));
        check(!aemp_port_unref(NULL));
        check(!aemp_slot_ref(NULL));
        check(!aemp_slot_unref(NULL));
        check(!aemp_self(NULL));
        check_int(aemp_slot_set_port(NULL, port), ==, -EINVAL);
        check_int(aemp_port_fail(NULL, -EIO, "x"), ==, -EIO);
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}
