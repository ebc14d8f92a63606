/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(fires_once) {
        aemp_slot *slot;
        Heard h = {0};

        setup();
        check_int(aemp_mon(a, &slot, "n#p", heard_mon, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#q\",\"other\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"why\",\"text\",[1]]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"why\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#p [\"why\",\"text\",[1]]; ");
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake); /* no mon0 */
        teardown();
}

TEST(many_monitors_one_request) {
        aemp_slot *slots[3];
        Heard h[4] = {0};

        setup();
        for (int i = 0; i < 3; i++)
                check_int(aemp_mon(a, &slots[i], "n#p", heard_mon, &h[i]), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h[3]), ==, 0);
        aemp_slot_unref(slots[1]);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        for (int i = 0; i < 4; i++)
                check_str(heard(&h[i]), i == 1 ? "" : "n#p []; ");
        fake_expect_nothing(&fake);
        aemp_slot_unref(slots[0]);
        aemp_slot_unref(slots[2]);
        teardown();
}

TEST(stops) {
        aemp_slot *slot;
        Heard h = {0};

        setup();
        check_int(aemp_mon(a, &slot, "n#p", heard_mon, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");

        /* One that begins in the turn in which another stops costs nothing. */
        check_int(aemp_mon(a, &slot, "n#p", heard_mon, &h), ==, 0);
        aemp_slot_unref(slot);
        check_int(aemp_mon(a, &slot, "n#p", heard_mon, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        aemp_slot_unref(slot);

        /* A late kil0. */
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(nodes) {
        aemp_slot *slot, *slot2, *own;
        Heard h = {0};

        setup();
        check_int(aemp_mon(a, &slot, "n#", heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, &slot2, "n", heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, &own, "host1", heard_mon, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n\"]");
        fake_expect_nothing(&fake);
        fake_say(&fake, "[\"\",\"kil0\",\"n#\",\"transport_error\",\"n\",\"gone\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h),
                "n [\"transport_error\",\"n\",\"gone\"]; n [\"transport_error\",\"n\",\"gone\"]; ");
        aemp_slot_unref(slot);
        aemp_slot_unref(slot2);

        /* The own one ends when aempd goes away. */
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_str(heard(&h), " [\"transport_error\",\"host1\",\"aempd went away\"]; ");
        aemp_slot_unref(own);
        teardown();
}

TEST(own_ports) {
        aemp_slot *slot;
        aemp_port *port;
        Heard h = {0};

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, &slot, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        aemp_slot_unref(slot);
        check_int(aemp_port_kil(port, "[s,i]", "enough", 3), ==, 0);
        check_str(heard(&h), ""); /* not inside the call */
        check_int(aemp_wait(a, 0), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"enough\",3]; ");

        /* One that is dead; one that never was. */
        check_int(aemp_mon(a, NULL, "host1#P1.1", heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, &slot, "host1#P1.77", heard_mon, &h), ==, 0);
        aemp_slot_unref(slot);
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h),
                "host1#P1.1 [\"no_such_port\",\"cannot monitor nonexistent port\",\"host1#P1.1\"]; ");
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

/* What the port said before it died arrives before the news. */
TEST(own_port_last_words) {
        aemp_port *dying, *hearer;
        Heard h = {0};

        setup();
        check_int(aemp_port_new(a, &hearer, heard_msg, &h), ==, 0);
        check_int(aemp_port_new(a, &dying, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(dying), heard_mon, &h), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(hearer), "[s]", "last words"), ==, 0);
        check_int(aemp_port_kil(dying, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"last words\"]; host1#P1.2 []; ");
        aemp_port_unref(dying);
        aemp_port_unref(hearer);
        teardown();
}

TEST(kil) {
        aemp_port *port, *other;
        aemp_slot *slot;
        Heard h = {0};

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_port_new(a, &other, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_mon_kil(a, NULL, "n#p", port), ==, 0);
        check_int(aemp_mon_kil(a, NULL, "n#q", port), ==, 0);
        check_int(aemp_mon_kil(a, &slot, "n#q", other), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, -EINVAL); /* it has one */
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#q\"]");

        /* A normal end kills nobody. */
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(port), ==, 1);
        aemp_slot_unref(slot);
        fake_say(&fake, "[\"\",\"kil0\",\"n#q\",\"die\",\"text\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(aemp_port_is_alive(other), ==, 1);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"text\"]; ");

        /* The monitor ends with its port. */
        check_int(aemp_mon_kil(a, &slot, "n#r", other), ==, 0);
        check_int(aemp_port_kil(other, NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#r\"]");
        fake_expect(&fake, "[\"\",\"mon0\",\"n#r\"]");
        aemp_slot_unref(slot);
        aemp_port_unref(port);
        aemp_port_unref(other);
        teardown();
}

/* Two ports that are linked both ways die together, and no more. */
TEST(linked_both_ways) {
        aemp_port *x, *y;

        setup();
        check_int(aemp_port_new(a, &x, NULL, NULL), ==, 0);
        check_int(aemp_port_new(a, &y, NULL, NULL), ==, 0);
        check_int(aemp_mon_kil(a, NULL, aemp_port_id(x), y), ==, 0);
        check_int(aemp_mon_kil(a, NULL, aemp_port_id(y), x), ==, 0);
        check_int(aemp_mon_kil(a, NULL, aemp_port_id(x), x), ==, 0);
        check_int(aemp_port_kil(x, "[s]", "x"), ==, 0);
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(y), ==, 0);
        aemp_port_unref(x);
        aemp_port_unref(y);
        teardown();
}

TEST(snd) {
        aemp_port *port;
        aemp_slot *slot;
        Heard h = {0};

        setup();
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_mon_snd(a, NULL, "n#p", aemp_port_id(port), "[s,i]", "gone", 5), ==, 0);
        check_int(aemp_mon_snd(a, NULL, "n#p", "m#q", NULL), ==, 0);
        check_int(aemp_mon_snd(a, &slot, "n#p", "m#q", "[s]", "never"), ==, 0);
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"why\",\"text\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"gone\",5,\"why\",\"text\"]; ");
        fake_expect(&fake, "[\"m#q\",\"why\",\"text\"]");
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

/* All that the kil0s lead to leaves before the answer to `down`, and nothing later does. */
static int on_death(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        return aemp_snd(x, "n#dead", "[s]", "in callback");
}

static int on_told(aemp_port *port, aemp_msg *msg, void *userdata) {
        return aemp_snd(aemp_port_get(port), "n#dead", "[s]", "told");
}

static int on_later(aemp_port *port, aemp_msg *msg, void *userdata) {
        return aemp_snd(aemp_port_get(port), "n#alive", "[s]", "later");
}

TEST(down) {
        aemp_port *port, *later;

        setup();
        check_int(aemp_port_new(a, &port, on_told, NULL), ==, 0);
        check_int(aemp_port_new(a, &later, on_later, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", on_death, NULL), ==, 0);
        check_int(aemp_mon_snd(a, NULL, "n#p", aemp_port_id(port), NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");

        check_int(aemp_snd(a, "n#p", "[s]", "before"), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\"]");
        fake_say(&fake, "[\"P1.2\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"before\"]");
        fake_expect(&fake, "[\"n#dead\",\"in callback\"]");
        fake_expect(&fake, "[\"n#dead\",\"told\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect(&fake, "[\"n#alive\",\"later\"]");
        fake_expect_nothing(&fake);

        /* Also for a node in whose deaths nobody was interested. */
        fake_say(&fake, "[\"\",\"down\",\"m\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"down\",\"m\"]");
        aemp_port_unref(port);
        aemp_port_unref(later);
        teardown();
}

static int on_mon_count(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        ++*(int *) userdata;
        return 0;
}

/* A monitor that was on its way when aempd said `down` fires behind it: nothing gets through before. */
static int on_renew(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        int r;

        r = aemp_mon(x, NULL, id, on_renew, userdata);
        if (r < 0)
                return r;

        ++*(int *) userdata;
        return aemp_snd(x, id, "[s]", "renewed");
}

TEST(monitor_that_crossed_down) {
        int fired = 0;

        setup();
        check_int(aemp_mon(a, NULL, "n#p", on_renew, &fired), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "lost"), ==, 0);
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_int(fired, ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "not yet"), ==, 0);
        check_int(aemp_snd(a, "m#p", "[s]", "elsewhere"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"lost\"]");
        fake_expect(&fake, "[\"m#p\",\"elsewhere\"]");
        fake_expect_nothing(&fake);
        check_int(aemp_get_queued(a), >, 0);

        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_int(fired, ==, 1);
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect(&fake, "[\"n#p\",\"not yet\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"renewed\"]");
        fake_expect_nothing(&fake);
        check_int(aemp_get_queued(a), ==, 0);
        teardown();
}

/* The same, and the monitor is dropped and started anew meanwhile: the late kil0 is not the new one's. */
TEST(crossed_and_renewed) {
        aemp_slot *slot;
        int fired = 0;

        setup();
        check_int(aemp_mon(a, &slot, "n#p", on_renew, &fired), ==, 0);
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", on_renew, &fired), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_int(fired, ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect_nothing(&fake);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"why\"]");
        check_int(run(a), ==, 0);
        check_int(fired, ==, 1);
        teardown();
}

/* aempd goes away meanwhile. */
TEST(crossed_and_detached) {
        int fired = 0;

        setup();
        check_int(aemp_mon(a, NULL, "n#p", on_mon_count, &fired), ==, 0);
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "not yet"), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_int(fired, ==, 1);
        check_int(aemp_get_queued(a), ==, 0);
        teardown();
}

/* What waits for an answer counts for the bound: "writable" comes when it does not wait any more. */
TEST(crossed_and_bounded) {
        Heard h = {0};
        int fired = 0;

        setup();
        check_int(aemp_set_queue_bound(a, 10), ==, 0);
        check_int(aemp_on_writable(a, NULL, heard_fn, &h), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", on_mon_count, &fired), ==, 0);
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "long enough"), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "long enough"), ==, -EAGAIN);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), ".; ");
        teardown();
}

static aemp_slot *victims[3];
static int deaths;

/* The first to be told drops all the others, and watches again. */
static int drops_others(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        deaths++;
        for (int i = 0; i < 3; i++)
                victims[i] = aemp_slot_unref(victims[i]);
        check_str(id, "n#p");
        return aemp_mon(x, &victims[0], id, drops_others, NULL);
}

TEST(drops_others_in_callback) {
        setup();
        for (int i = 0; i < 3; i++)
                check_int(aemp_mon(a, &victims[i], "n#p", drops_others, NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        check_int(run(a), ==, 0);
        check_int(deaths, ==, 1);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect_nothing(&fake);

        /* The same when the connection ends. */
        for (int i = 1; i < 3; i++)
                check_int(aemp_mon(a, &victims[i], "n#q", drops_others, NULL), ==, 0);
        aemp_slot_unref(victims[0]);
        victims[0] = NULL;
        teardown();
        check_int(deaths, ==, 1);
        for (int i = 1; i < 3; i++)
                aemp_slot_unref(victims[i]);
}

static int fails(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        check(aemp_self(x) == userdata);
        return -EIO;
}

TEST(slot_of_a_port) {
        aemp_port *port;
        aemp_slot *slot, *slot2;
        Heard h = {0};

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, &slot, "n#p", fails, port), ==, 0);
        check_int(aemp_mon(a, &slot2, "n#q", heard_mon, &h), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, 0);
        check_int(aemp_slot_set_port(slot2, port), ==, 0);
        check_int(aemp_slot_set_port(slot2, port), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#q\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"die\",\"Input/output error\"]; ");
        check_int(aemp_slot_set_port(slot, port), ==, -ESTALE);
        check_int(aemp_slot_set_port(slot, NULL), ==, -EINVAL);
        aemp_slot_unref(slot);
        aemp_slot_unref(slot2);
        aemp_port_unref(port);

        /* Without a port the error comes out of aemp_process(). */
        h.result = -EDOM;
        check_int(aemp_mon(a, NULL, "n#r", heard_mon, &h), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#r\"]");
        check_int(run(a), ==, -EDOM);
        check_str(heard(&h), "n#r []; ");
        check_int(run(a), ==, 0);
        teardown();
}

/* aempd does not watch for us: so it can't tell us either. */
TEST(refused) {
        aemp_slot *slot;
        Heard h = {0}, r = {0};

        setup();
        check_int(aemp_on_refused(a, &slot, heard_refused, &r), ==, 0);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, NULL, "n#q", heard_mon, &h), ==, 0);
        fake_say(&fake, "[\"\",\"refused\",\"mon1\",\"limit\",\"too many monitors\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"refused\",\"snd\",\"denied\",\"not you\",\"n#q\",{},1]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#p [\"limit\",\"too many monitors\"]; ");
        check_str(heard(&r), "mon1 limit too many monitors; snd denied not you; ");
        aemp_slot_unref(slot);
        teardown();
}

TEST(bad_arguments) {
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_mon(NULL, NULL, "n#p", heard_mon, NULL), ==, -EINVAL);
        check_int(aemp_mon(a, NULL, NULL, heard_mon, NULL), ==, -EINVAL);
        check_int(aemp_mon(a, NULL, "n#p", NULL, NULL), ==, -EINVAL);
        check_int(aemp_mon_kil(a, NULL, NULL, port), ==, -EINVAL);
        check_int(aemp_mon_kil(a, NULL, "n#p", NULL), ==, -EINVAL);
        check_int(aemp_mon_snd(a, NULL, "n#p", NULL, NULL), ==, -EINVAL);
        check_int(aemp_mon_snd(a, NULL, "n#p", "n#q", "[s]", NULL), ==, -EINVAL);
        check_int(aemp_on_refused(a, NULL, NULL, NULL), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

/* Only "node#" is short for a node; other names may end in it. */
TEST(names_that_end_in_a_hash) {
        Heard h = {0};

        setup();
        check_int(aemp_mon(a, NULL, "n##", heard_mon, &h), ==, 0);
        check_int(aemp_mon(a, NULL, "n#x#", heard_mon, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n##\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#x#\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#x#\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#x# []; ");
        teardown();
}
