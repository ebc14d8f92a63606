/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_slot *slots[2];

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

/* Its name, who runs it, its arguments. */
static int heard_func(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        Heard *h = userdata;

        check(x == a);
        check(!port);
        buf_printf(&h->text, "%s by %s ", aemp_func_name(x),
                aemp_self(x) ? aemp_port_id(aemp_self(x)) : "nobody");
        return heard_msg(NULL, args, userdata);
}

TEST(called) {
        Heard f = {0}, all = {0};

        setup();
        check_int(aemp_func(a, NULL, "My::Chat::join", heard_func, &f), ==, 0);
        check_int(aemp_func(a, NULL, "My::", heard_func, &all), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"My::Chat::join\"]");
        fake_expect(&fake, "[\"\",\"func1\",\"My::\"]");

        check(!aemp_func_name(a));
        fake_say(&fake, "[\"\",\"My::Chat::join\",1,[\"two\"]]");
        fake_say(&fake, "[\"\",\"My::Chat::leave\"]");
        fake_say(&fake, "[\"\",\"My::\",{}]");
        fake_say(&fake, "[\"\",\"My::Chat::joining\"]");
        fake_say(&fake, "[\"\",\"My:\"]");
        fake_say(&fake, "[\"\",\"Your::Chat::join\"]");
        fake_say(&fake, "[\"\",\"later\",1]");
        fake_say(&fake, "[\"\"]");
        fake_say(&fake, "[\"\",[]]");
        check_int(run(a), ==, 0);
        check_str(heard(&f), "My::Chat::join by nobody [1,[\"two\"]]; ");
        check_str(heard(&all),
                "My::Chat::leave by nobody []; My:: by nobody [{}]; My::Chat::joining by nobody []; ");
        check(!aemp_func_name(a));
        fake_expect_nothing(&fake);
        teardown();
}

TEST(longest_prefix) {
        Heard h[3] = {0};
        aemp_slot *slot;

        setup();
        check_int(aemp_func(a, NULL, "A::B::", heard_func, &h[1]), ==, 0);
        check_int(aemp_func(a, NULL, "A::", heard_func, &h[0]), ==, 0);
        check_int(aemp_func(a, &slot, "A::B::C::", heard_func, &h[2]), ==, 0);
        fake_say(&fake, "[\"\",\"A::x\"]");
        fake_say(&fake, "[\"\",\"A::B::x\"]");
        fake_say(&fake, "[\"\",\"A::B::C::x\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h[0]), "A::x by nobody []; ");
        check_str(heard(&h[1]), "A::B::x by nobody []; ");
        check_str(heard(&h[2]), "A::B::C::x by nobody []; ");

        aemp_slot_unref(slot);
        fake_say(&fake, "[\"\",\"A::B::C::x\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h[1]), "A::B::C::x by nobody []; ");
        check_str(heard(&h[2]), "");
        teardown();
}

TEST(taken_back) {
        aemp_slot *slot, *second;
        Heard h = {0};

        setup();
        check_int(aemp_func(a, &slot, "A::f", heard_func, &h), ==, 0);
        check_int(aemp_func(a, NULL, "A::f", heard_func, &h), ==, -EEXIST);
        check_int(run(a), ==, 0);
        aemp_slot_unref(slot);
        fake_say(&fake, "[\"\",\"A::f\"]"); /* it crossed */
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"func0\",\"A::f\"]");
        fake_expect_nothing(&fake);
        check_str(heard(&h), "");

        /* A result above 0 does the same. */
        check_int(aemp_func(a, &slot, "A::f", heard_func, &h), ==, 0);
        check_int(aemp_func(a, &second, "A::g", heard_func, &h), ==, 0);
        h.result = 1;
        fake_say(&fake, "[\"\",\"A::f\",1]");
        fake_say(&fake, "[\"\",\"A::f\",2]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "A::f by nobody [1]; ");
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"func1\",\"A::g\"]");
        fake_expect(&fake, "[\"\",\"func0\",\"A::f\"]");
        fake_expect_nothing(&fake);
        aemp_slot_unref(slot);
        aemp_slot_unref(second);
        teardown();
}

static int drops_both(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        for (int i = 0; i < 2; i++)
                slots[i] = aemp_slot_unref(slots[i]);
        check_str(aemp_func_name(x), "A::f");
        return 1;
}

static int closes(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        check_int(aemp_close(x, 0), ==, -ETIMEDOUT);
        return 0;
}

TEST(callback_may_do_anything) {
        setup();
        check_int(aemp_func(a, &slots[0], "A::f", drops_both, NULL), ==, 0);
        check_int(aemp_func(a, &slots[1], "A::g", drops_both, NULL), ==, 0);
        check_int(aemp_func(a, NULL, "A::close", closes, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"A::f\"]");
        fake_say(&fake, "[\"\",\"A::g\"]");
        check_int(run(a), ==, 0);
        check(!slots[0] && !slots[1]);
        fake_say(&fake, "[\"\",\"A::close\"]");
        fake_say(&fake, "[\"\",\"A::close\"]");
        (void) run(a);
        check_int(aemp_process(a), ==, -ENOTCONN);
        teardown();
}

TEST(failing) {
        Heard h = {.result = -EIO};
        aemp_port *port;
        aemp_slot *slot;

        setup();
        check_int(aemp_func(a, &slot, "A::f", heard_func, &h), ==, 0);
        fake_say(&fake, "[\"\",\"A::f\"]");
        check_int(aemp_wait(a, 2000000), ==, 1);
        check_int(aemp_process(a), ==, -EIO);
        check_str(heard(&h), "A::f by nobody []; ");

        /* As a port's callback its failure is the port's, and its end the port's end. */
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, 0);
        fake_say(&fake, "[\"\",\"A::f\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "A::f by host1#P1.1 []; ");
        check_int(aemp_port_is_alive(port), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"func0\",\"A::f\"]");
        aemp_slot_unref(slot);
        aemp_port_unref(port);
        teardown();
}

TEST(stays_when_attached_again) {
        Heard h = {0};
        aemp_slot *slot;

        setup();
        check_int(aemp_func(a, &slot, "A::f", heard_func, &h), ==, 0);
        check_int(aemp_func(a, NULL, "A::g", heard_func, &h), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        aemp_slot_unref(slot);
        check_int(aemp_func(a, NULL, "A::h", heard_func, &h), ==, 0);
        check_int(aemp_snd_to_func(a, "", "A::f", NULL), ==, -ENOTCONN);
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_expect(&fake, "[\"\",\"func1\",\"A::g\"]");
        fake_expect(&fake, "[\"\",\"func1\",\"A::h\"]");
        fake_expect_nothing(&fake);
        fake_say(&fake, "[\"\",\"A::g\",\"again\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "A::g by nobody [\"again\"]; ");
        teardown();
}

TEST(wrong_names) {
        char longest[258] = "A::";
        Heard h = {0};

        setup();
        memset(longest + 3, 'x', 252);
        check_int(aemp_func(a, NULL, longest, heard_func, &h), ==, 0);
        fake_say(&fake, "[\"\",\"A::y\"]");
        longest[255] = 'x';
        check_int(aemp_func(a, NULL, longest, heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "f", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "A:f", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "A::\xc3\xa4", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "A::\n", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "AnyEvent::MP::f", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "aempd::status", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "g_::f", heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, NULL, heard_func, &h), ==, -EINVAL);
        check_int(aemp_func(a, NULL, "A::f", NULL, &h), ==, -EINVAL);
        check_int(aemp_func(NULL, NULL, "A::f", heard_func, &h), ==, -EINVAL);
        check(!aemp_func_name(NULL));
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");

        /* A caller may use any name: what is below, and no name of ours, is not called. */
        check_int(aemp_func(a, NULL, "B::", heard_func, &h), ==, 0);
        fake_say(&fake, "[\"\",\"B::\\u0000\"]");
        fake_say(&fake, "[\"\",\"B::\xc3\xa4\"]");
        fake_say(&fake, "[\"\",\"B::ok\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "B::ok by nobody []; ");
        teardown();
}

TEST(calling) {
        json_t *value;

        setup();
        check_int(aemp_snd_to_func(a, "n", "A::f", "[s,i]", "text", 3), ==, 0);
        check_int(aemp_snd_to_func(a, "", "A::f", NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n\",\"A::f\",\"text\",3]");
        fake_expect(&fake, "[\"\",\"A::f\"]");

        value = json_integer(1);
        check_int(aemp_snd_to_func(a, "n#p", "A::f", "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(a, "n n", "A::f", "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(a, NULL, "A::f", "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(a, "n", "kil1", "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(a, "n", NULL, "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(NULL, "n", "A::f", "[O]", value), ==, -EINVAL);
        check_int(aemp_snd_to_func(a, "n", "A::f", "[x]"), ==, -EINVAL);
        check_int(value->refcount, ==, 1);
        check_int(aemp_snd_to_func(a, "n#p", "A::f", "[o]", value), ==, -EINVAL); /* takes it */
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        teardown();
}

TEST(sending_from_elsewhere) {
        setup();
        check_int(aemp_snd_on(a, "n", "m#p", "[s,i]", "text", 3), ==, 0);
        check_int(aemp_snd_on(a, "", "m#p", NULL), ==, 0);
        check_int(aemp_snd_on(a, "n", "", "[s]", "x"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n\",\"snd\",\"m#p\",\"text\",3]");
        fake_expect(&fake, "[\"\",\"snd\",\"m#p\"]");
        fake_expect(&fake, "[\"n\",\"snd\",\"host1\",\"x\"]");
        check_int(aemp_snd_on(a, "n#p", "m#p", NULL), ==, -EINVAL);
        check_int(aemp_snd_on(a, NULL, "m#p", NULL), ==, -EINVAL);
        check_int(aemp_snd_on(a, "n", "m p", NULL), ==, -EINVAL);
        check_int(aemp_snd_on(a, "n", NULL, NULL), ==, -EINVAL);
        check_int(aemp_snd_on(a, "n", "m#p", "[x]"), ==, -EINVAL);
        check_int(aemp_snd_on(NULL, "n", "m#p", NULL), ==, -EINVAL);

        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_int(aemp_snd_on(a, "n", "m#p", NULL), ==, -ENOTCONN);
        teardown();
}

/* What is larger than aempd takes, or above the bound. */
TEST(limits) {
        static char large[1048576];
        char *id = NULL;

        setup();
        memset(large, 'x', sizeof large - 1);
        check_int(aemp_snd_to_func(a, "n", "A::f", "[s]", large), ==, -EMSGSIZE);
        check_int(aemp_snd_on(a, "n", "m#p", "[s]", large), ==, -EMSGSIZE);
        check_int(aemp_spawn(a, &id, "n", "A::f", "[s]", large), ==, -EMSGSIZE);
        check_int(aemp_set_queue_bound(a, 100), ==, 0);
        check_int(aemp_snd_to_func(a, "n", "A::f", "[s%]", large, (size_t) 200), ==, 0);
        check_int(aemp_snd_to_func(a, "n", "A::f", NULL), ==, -EAGAIN);
        check_int(aemp_spawn(a, &id, "n", "A::f", NULL), ==, -EAGAIN);
        check(!id);
        teardown();
}
