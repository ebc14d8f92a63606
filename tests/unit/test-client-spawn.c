/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

#define SPAWN "AnyEvent::MP::_spawn"

static Fake fake;
static aemp *a;
static aemp_port *spawned; /* the last one */

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        fake_expect_nothing(&fake);
}

static void teardown(void) {
        spawned = aemp_port_unref(spawned);
        aemp_unref(a);
        fake_deinit(&fake);
}

/* Gives the port a callback for all, and keeps it. */
static int makes(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        check(port && port == aemp_self(x));
        check_int(aemp_port_is_alive(port), ==, 1);
        aemp_port_unref(spawned);
        spawned = aemp_port_ref(port);
        check_int(aemp_rcv_default(port, heard_msg, userdata), ==, 0);
        return heard_msg(port, args, userdata);
}

static void offer(Heard *h) {
        check_int(aemp_func(a, NULL, "A::f", makes, h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
}

TEST(life) {
        Heard h = {0};

        setup();
        offer(&h);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",\"arg\",2]");
        fake_say(&fake, "[\"x.1\",\"at once\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"arg\",2]; [\"at once\"]; ");
        check_str(aemp_port_id(spawned), "host1#x.1");
        check_int(aemp_port_is_local(a, "host1#x.1"), ==, 1);

        /* No other name means it. */
        fake_say(&fake, "[\"P1.1\",\"no\"]");
        fake_say(&fake, "[\"x.11\",\"no\"]");
        fake_say(&fake, "[\"x.\",\"no\"]");
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.1\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P1.1\"]");

        /* aempd watches it from the start, and until the end. */
        fake_say(&fake, "[\"\",\"mon1\",\"x.1\"]");
        fake_say(&fake, "[\"\",\"mon0\",\"x.1\"]");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check_int(aemp_port_kil(spawned, "[s,s]", "done", "that was it"), ==, 0);
        fake_say(&fake, "[\"x.1\",\"too late\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"x.1\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        fake_expect(&fake, "[\"\",\"kil0\",\"x.1\",\"done\",\"that was it\"]");
        fake_expect_nothing(&fake);
        check_int(aemp_port_is_alive(spawned), ==, 0);
        check_str(aemp_port_id(spawned), NULL);
        teardown();
}

TEST(killed) {
        Heard h = {0};

        setup();
        offer(&h);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"x.1\",\"because\"]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.2\",\"A::f\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"host1#x.2\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil0\",\"x.1\",\"because\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"x.2\"]");
        check_str(heard(&h), "[]; []; ");
        teardown();
}

static int fails(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        int n, r;

        r = aemp_msg_unpack(args, "[i]", &n);
        if (r < 0)
                return r;
        return n == 0 ? aemp_port_fail(port, -EPERM, "not %s", "today") : -EIO;
}

static int kills_itself(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        check_int(aemp_port_kil(port, "[s]", "self"), ==, 0);
        return -EIO;
}

TEST(failing) {
        setup();
        check_int(aemp_func(a, NULL, "A::f", fails, NULL), ==, 0);
        check_int(aemp_func(a, NULL, "A::g", kills_itself, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",0]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.2\",\"A::f\",1]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.3\",\"A::f\",\"one\"]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.4\",\"A::g\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"func1\",\"A::g\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"x.1\",\"die\",\"not today\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"x.2\",\"die\",\"Input/output error\"]");
        check(strstr(fake_hear(&fake), "[\"\",\"kil0\",\"x.3\",\"die\",\""));
        fake_expect(&fake, "[\"\",\"kil0\",\"x.4\",\"self\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(nobody_has_it) {
        Heard h = {0};

        setup();
        offer(&h);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::g\"]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.2\",\"\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake,
                "[\"\",\"kil0\",\"x.1\",\"die\",\"the process does not have this function any more\"]");
        fake_expect(&fake,
                "[\"\",\"kil0\",\"x.2\",\"die\",\"the process does not have this function any more\"]");
        fake_say(&fake, "[\"x.1\",\"hello\"]");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check_str(heard(&h), "");
        teardown();
}

/* aempd refuses names that are taken; if it didn't, the port that has the name must not suffer. */
TEST(taken_names) {
        static const char *const names[] = {"x.1", "P1.1", "P1.77", "P1.", ""};
        aemp_port *port;
        Heard h = {0}, ordinary = {0};

        setup();
        offer(&h);
        check_int(aemp_port_new(a, &port, heard_msg, &ordinary), ==, 0);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",\"first\"]");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                char text[100];

                (void) snprintf(
                        text, sizeof text, "[\"\",\"" SPAWN "\",\"%s\",\"A::f\",\"again\"]", names[i]);
                fake_say(&fake, text);
        }
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"y\"]");
        fake_say(&fake, "[\"\",\"" SPAWN "\"]");
        fake_say(&fake, "[\"x.1\",\"hello\"]");
        fake_say(&fake, "[\"P1.1\",\"hello\"]");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check_str(heard(&h), "[\"first\"]; [\"hello\"]; ");
        check_str(heard(&ordinary), "[\"hello\"]; ");
        aemp_port_unref(port);
        teardown();
}

/* Nothing may pass what is under way to it through aempd: all takes that way. */
TEST(reached_through_aempd) {
        Heard h = {0}, mon = {0}, call = {0};
        aemp_port *port;

        setup();
        offer(&h);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\"]");
        check_int(run(a), ==, 0);
        (void) heard(&h);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_snd(a, "host1#x.1", "[s]", "hello"), ==, 0);
        check_int(aemp_mon(a, NULL, "host1#x.1", heard_mon, &mon), ==, 0);
        check_int(aemp_mon_snd(a, NULL, aemp_port_id(port), "host1#x.1", "[s]", "it died"), ==, 0);
        check_int(aemp_cal(a, NULL, "host1#x.1", AEMP_INFINITE, heard_cal, &call, "[s]", "call"), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(aemp_kil(a, "host1#x.1", "[s]", "kill"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"host1#x.1\",\"hello\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"host1#x.1\"]");
        fake_expect(&fake, "[\"host1#x.1\",\"call\",\"host1#P1.3\"]");
        fake_expect(&fake, "[\"\",\"kil1\",\"host1#x.1\",\"kill\"]");
        fake_expect(&fake, "[\"host1#x.1\",\"it died\"]");
        check_str(heard(&h), "");

        fake_say(&fake, "[\"\",\"kil1\",\"x.1\",\"kill\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil0\",\"x.1\",\"kill\"]");
        check_str(heard(&mon), "");
        fake_say(&fake, "[\"\",\"kil0\",\"host1#x.1\",\"kill\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&mon), "host1#x.1 [\"kill\"]; ");
        check_str(heard(&call), "ECONNRESET[\"kill\"]; ");
        aemp_port_unref(port);
        teardown();
}

TEST(attached_again) {
        Heard h = {0}, mon = {0};
        aemp_port *port;

        setup();
        offer(&h);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",\"first\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, "host1#x.1", heard_mon, &mon), ==, 0);
        check_int(aemp_mon_snd(a, NULL, "n#p", "host1#x.1", "[s]", "gone"), ==, 0);
        check_int(aemp_mon_snd(a, NULL, aemp_port_id(port), "host1#x.1", "[s]", "own"), ==, 0);
        check_int(run(a), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);

        /* It lives, and hears what was to be told to it; its ID is as good as dead. */
        check_str(heard(&h), "[\"first\"]; [\"gone\",\"transport_error\",\"host1\",\"aempd went away\"]; ");
        check_str(heard(&mon), "host1#x.1 [\"transport_error\",\"host1\",\"aempd went away\"]; ");
        check_str(aemp_port_id(spawned), "host1#x.1");
        check_int(aemp_snd(a, "host1#x.1", "[s]", "x"), ==, -ENOTCONN);
        check_int(aemp_kil(a, "host1#x.1", NULL), ==, -ENOTCONN);

        run_next(a);
        fake_accept(&fake);
        run_next(a);
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        check_str(aemp_port_id(spawned), "host1#P2.1");
        fake_say(&fake, "[\"x.1\",\"old\"]");
        fake_say(&fake, "[\"P2.1\",\"new\"]");
        check_int(aemp_snd(a, "host1#P2.1", "[s]", "own way"), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"new\"]; [\"own way\"]; [\"own\"]; ");

        /* It is watched no more than any other; the name may even come again, from elsewhere. */
        aemp_port_unref(port);
        port = aemp_port_ref(spawned);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",\"second\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"second\"]; ");
        check(port != spawned);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(aemp_port_kil(spawned, NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil0\",\"x.1\"]");
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

static int checks_origin(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        const char *node;

        check_int(aemp_msg_unpack(args, "[s]", &node), ==, 0);
        check_str(aemp_origin(x), node);
        return heard_msg(port, args, userdata);
}

TEST(origin) {
        Heard h = {0};

        setup();
        check_int(aemp_func(a, NULL, "A::f", checks_origin, &h), ==, 0);
        fake_say(&fake, "[\"\",\"src\",\"n\"]");
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"x.1\",\"A::f\",\"n\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"n\"]; ");
        check_str(aemp_origin(a), "host1");
        teardown();
}

TEST(spawning) {
        char *id[5] = {0};
        Heard mon = {0};
        json_t *args;

        setup();
        check_int(aemp_spawn(a, &id[0], "n", "A::f", "[s,i]", "arg", 2), ==, 0);
        check_int(aemp_mon(a, NULL, id[0], heard_mon, &mon), ==, 0);
        check_int(aemp_snd(a, id[0], "[s]", "hello"), ==, 0);
        check_int(aemp_spawn(a, &id[1], "", "A::f", NULL), ==, 0);
        check_int(aemp_mon(a, NULL, id[1], heard_mon, &mon), ==, 0);
        check_int(aemp_spawn(a, &id[2], "host1", "A::f", NULL), ==, 0);
        args = json_pack("[n]");
        check_int(aemp_spawn_json(a, &id[3], "n", "A::f", args), ==, 0);
        json_decref(args);
        check_str(id[0], "n#s-P1.1");
        check_str(id[1], "host1#s-P1.2");
        check_str(id[2], "host1#s-P1.3");
        check_str(id[3], "n#s-P1.4");

        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n\",\"" SPAWN "\",\"s-P1.1\",\"A::f\",\"arg\",2]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#s-P1.1\"]");
        fake_expect(&fake, "[\"n#s-P1.1\",\"hello\"]");
        fake_expect(&fake, "[\"\",\"" SPAWN "\",\"s-P1.2\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"host1#s-P1.2\"]");
        fake_expect(&fake, "[\"host1\",\"" SPAWN "\",\"s-P1.3\",\"A::f\"]");
        fake_expect(&fake, "[\"n\",\"" SPAWN "\",\"s-P1.4\",\"A::f\",null]");

        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        (void) heard(&mon);
        check_int(aemp_spawn(a, &id[4], "n", "A::f", NULL), ==, -ENOTCONN);
        check(!id[4]);
        run_next(a);
        fake_accept(&fake);
        run_next(a);
        check_int(aemp_spawn(a, &id[4], "n", "A::f", NULL), ==, 0);
        check_str(id[4], "n#s-P2.5");
        for (int i = 0; i < 5; i++)
                free(id[i]);
        teardown();
}

/* One that is refused: its monitor fires, once, and who waits for refusals hears of it, once. */
TEST(refused) {
        Heard mon = {0}, refused = {0}, call = {0};
        char *id;

        setup();
        check_int(aemp_on_refused(a, NULL, heard_refused, &refused), ==, 0);
        check_int(aemp_spawn(a, &id, "", "A::f", "[i]", 7), ==, 0);
        check_int(aemp_mon(a, NULL, id, heard_mon, &mon), ==, 0);
        check_int(aemp_cal(a, NULL, id, AEMP_INFINITE, heard_cal, &call, "[s]", "hello"), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake,
                "[\"\",\"refused\",\"" SPAWN "\",\"unknown\",\"nobody has it\",\"s-P1.1\",\"A::f\",7]");
        check_int(run(a), ==, 0);
        check_str(heard(&refused), SPAWN " unknown nobody has it; ");
        check_str(heard(&mon), "");
        fake_say(&fake, "[\"\",\"kil0\",\"host1#s-P1.1\",\"die\",\"nobody has it\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"host1#s-P1.1\",\"die\",\"nobody has it\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&mon), "host1#s-P1.1 [\"die\",\"nobody has it\"]; ");
        check_str(heard(&call), "ECONNRESET[\"die\",\"nobody has it\"]; ");
        check_str(heard(&refused), "");
        free(id);
        teardown();
}

/* To a node that is down and not answered for, nothing goes before the answer; then all in order. */
TEST(held_back) {
        Heard mon = {0};
        char *id;

        setup();
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &mon), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\",\"n\",\"text\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_spawn(a, &id, "n", "A::f", NULL), ==, 0);
        check_int(aemp_mon(a, NULL, id, heard_mon, &mon), ==, 0);
        check_int(aemp_snd_to_func(a, "n", "A::g", NULL), ==, 0);
        check_int(aemp_snd_on(a, "n", "m#q", NULL), ==, 0);
        check_int(aemp_snd_to_func(a, "m", "A::g", NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"m\",\"A::g\"]");
        fake_expect_nothing(&fake);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\",\"n\",\"text\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect(&fake, "[\"n\",\"" SPAWN "\",\"s-P1.1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#s-P1.1\"]");
        fake_expect(&fake, "[\"n\",\"A::g\"]");
        fake_expect(&fake, "[\"n\",\"snd\",\"m#q\"]");
        check_str(heard(&mon), "n#p [\"transport_error\",\"n\",\"text\"]; ");
        free(id);
        teardown();
}

/* What is ours goes out at once, also when it is called like that node. */
TEST(own_names_are_not_held_back) {
        aemp_port *port;
        Heard h = {0};
        aemp_slot *slot;

        setup();
        offer(&h);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h), ==, 0);
        fake_say(&fake, "[\"\",\"" SPAWN "\",\"n\",\"A::f\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        check_int(run(a), ==, 0);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_reg(port, &slot, "n"), ==, 0);
        aemp_slot_unref(slot);
        check_int(aemp_port_kil(spawned, NULL), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"n\",\"P1.2\"]");
        fake_expect(&fake, "[\"\",\"reg0\",\"n\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"n\"]");
        check_str(heard(&h), "[]; ");
        aemp_port_unref(port);
        teardown();
}

static int spawnv(char **ret, const char *node, const char *function, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_spawnv(a, ret, node, function, format, ap);
        va_end(ap);
        return r;
}

TEST(wrong_arguments) {
        json_t *value, *array;
        char *id = NULL;

        setup();
        value = json_integer(1);
        array = json_array();
        check_int(spawnv(&id, "n#p", "A::f", "[O]", value), ==, -EINVAL);
        check_int(spawnv(&id, "n p", "A::f", "[O]", value), ==, -EINVAL);
        check_int(spawnv(&id, NULL, "A::f", "[O]", value), ==, -EINVAL);
        check_int(spawnv(&id, "n", "f", "[O]", value), ==, -EINVAL);
        check_int(spawnv(&id, "n", NULL, "[O]", value), ==, -EINVAL);
        check_int(spawnv(NULL, "n", "A::f", "[O]", value), ==, -EINVAL);
        check_int(spawnv(&id, "n", "A::f", "[x]"), ==, -EINVAL);
        check_int(aemp_spawn_json(a, &id, "n", "A::f", value), ==, -EINVAL);
        check_int(aemp_spawn_json(a, &id, "n", "A::f", NULL), ==, -EINVAL);
        check_int(aemp_spawn_json(a, NULL, "n", "A::f", array), ==, -EINVAL);
        check_int(aemp_spawn_json(NULL, &id, "n", "A::f", array), ==, -EINVAL);
        check_int(aemp_spawn(a, &id, "n#p", "A::f", "[o]", value), ==, -EINVAL); /* takes it */
        check(!id);
        check_int(spawnv(&id, "n", "A::f", NULL), ==, 0);
        check_str(id, "n#s-P1.1"); /* none was used up */
        free(id);
        json_decref(array);
        teardown();
}
