/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port, *other; /* P1.1, P1.2 */

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_port_new(a, &other, NULL, NULL), ==, 0);
}

static void teardown(void) {
        aemp_port_unref(port);
        aemp_port_unref(other);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(registering) {
        aemp_slot *slot;

        setup();
        check_int(aemp_reg(port, &slot, "printer"), ==, 0);
        check_int(aemp_reg(other, NULL, "scanner"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg1\",\"printer\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"scanner\",\"P1.2\"]");
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg0\",\"printer\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* One name a port, one port a name: aempd knows that, too. */
TEST(replacing) {
        aemp_slot *slots[3];

        setup();
        check_int(aemp_reg(port, &slots[0], "one"), ==, 0);
        check_int(aemp_reg(port, &slots[1], "two"), ==, 0);
        check_int(aemp_reg(other, &slots[2], "two"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg1\",\"one\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"two\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"two\",\"P1.2\"]");
        check_int(aemp_slot_set_port(slots[0], port), ==, -ESTALE);
        check_int(aemp_slot_set_port(slots[1], port), ==, -ESTALE);
        aemp_slot_unref(slots[0]);
        aemp_slot_unref(slots[1]);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        aemp_slot_unref(slots[2]);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg0\",\"two\"]");

        /* Both at once, nobody holding the slots. */
        check_int(aemp_reg(port, NULL, "one"), ==, 0);
        check_int(aemp_reg(other, NULL, "two"), ==, 0);
        check_int(aemp_reg(port, NULL, "two"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg1\",\"one\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"two\",\"P1.2\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"two\",\"P1.1\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* A name that is refused took the place of an earlier one: aempd, which has that still, is told. */
TEST(refused_in_place_of_another) {
        aemp_slot *slot;

        setup();
        check_int(aemp_reg(port, NULL, "one"), ==, 0);
        check_int(aemp_reg(port, &slot, "two"), ==, 0);
        check_int(aemp_reg(other, NULL, "three"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg1\",\"one\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"two\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"three\",\"P1.2\"]");
        fake_say(&fake, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",\"three\",\"P1.2\"]");
        fake_say(&fake, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",\"two\",\"P1.2\"]");
        fake_say(&fake, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",\"two\"]");
        fake_say(&fake, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",[],\"P1.1\"]");
        fake_say(&fake, "[\"\",\"refused\",\"reg1\"]");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);

        for (int i = 0; i < 2; i++)
                fake_say(&fake, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",\"two\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg0\",\"one\"]");
        fake_expect_nothing(&fake);
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg0\",\"two\"]");
        teardown();
}

/* aempd watches a port that has a name; its death is all that is said. */
TEST(dying) {
        aemp_slot *slot;

        setup();
        check_int(aemp_reg(port, &slot, "printer"), ==, 0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_kil(port, "[s]", "over"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"reg1\",\"printer\",\"P1.1\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\",\"over\"]");
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check_int(aemp_reg(port, NULL, "printer"), ==, -ESTALE);
        teardown();
}

TEST(attached_again) {
        aemp_slot *slot;

        setup();
        check_int(aemp_reg(port, &slot, "printer"), ==, 0);
        check_int(run(a), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_int(aemp_reg(other, NULL, "scanner"), ==, 0); /* it will be told */
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_expect(&fake, "[\"\",\"reg1\",\"printer\",\"P2.1\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"scanner\",\"P2.2\"]");
        fake_expect_nothing(&fake);

        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        aemp_slot_unref(slot);
        check_int(aemp_port_kil(other, NULL), ==, 0);
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_expect_nothing(&fake);
        teardown();
}

static int makes(aemp *x, aemp_port *spawned, aemp_msg *args, void *userdata) {
        return aemp_reg(spawned, NULL, "spawned");
}

/* A name of a port whose own name was chosen by somebody else. */
TEST(spawned) {
        setup();
        check_int(aemp_func(a, NULL, "A::f", makes, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"AnyEvent::MP::_spawn\",\"x.1\",\"A::f\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"spawned\",\"x.1\"]");
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"spawned\",\"P2.3\"]");
        teardown();
}

TEST(refused) {
        Heard h = {0};

        setup();
        check_int(aemp_on_refused(a, NULL, heard_refused, &h), ==, 0);
        check_int(aemp_reg(port, NULL, "printer"), ==, 0);
        fake_say(&fake,
                "[\"\",\"refused\",\"reg1\",\"denied\",\"it is another user's\",\"printer\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "reg1 denied it is another user's; ");
        teardown();
}

TEST(wrong_arguments) {
        char longest[257];
        aemp_slot *slot;

        setup();
        memset(longest, 'x', sizeof longest);
        longest[256] = '\0';
        check_int(aemp_reg(port, NULL, longest), ==, -EINVAL);
        longest[255] = '\0';
        check_int(aemp_reg(port, &slot, longest), ==, 0);
        check_int(aemp_slot_set_port(slot, other), ==, -EINVAL); /* it has one */
        aemp_slot_unref(slot);
        check_int(aemp_reg(port, NULL, ""), ==, -EINVAL);
        check_int(aemp_reg(port, NULL, "a\nb"), ==, -EINVAL);
        check_int(aemp_reg(port, NULL, "\xff"), ==, -EINVAL);
        check_int(aemp_reg(port, NULL, NULL), ==, -EINVAL);
        check_int(aemp_reg(NULL, NULL, "x"), ==, -EINVAL);
        teardown();
}
