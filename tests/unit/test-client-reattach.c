/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <time.h>

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

/* Until the library stands at the door, then lets it in. */
static void let_in(void) {
        while (!aemp_is_attached(a)) {
                struct timespec moment = {.tv_nsec = 1000000};

                check_int(run(a), ==, 0);
                if (aemp_wait(a, 0) == 0)
                        (void) clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
                if (fake.fd < 0 && aemp_wait(a, 400000) == 1 && run(a) == 0)
                        fake_accept(&fake);
        }
}

TEST(comes_back) {
        Heard detach = {0}, reattach = {0}, mon = {0}, local = {0}, msg = {0}, node = {0}, call = {0};
        aemp_port *port, *other;
        char old[64];

        setup();
        check_int(aemp_on_detach(a, NULL, heard_fn, &detach), ==, 0);
        check_int(aemp_on_reattach(a, NULL, heard_fn, &reattach), ==, 0);
        check_int(aemp_port_new(a, &port, heard_msg, &msg), ==, 0);
        check_int(aemp_port_new(a, &other, heard_msg, &msg), ==, 0);
        strcpy(old, aemp_port_id(port));
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &mon), ==, 0);
        check_int(aemp_mon(a, NULL, "n#q", heard_mon, &mon), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &local), ==, 0);
        check_int(aemp_mon_snd(a, NULL, aemp_port_id(port), aemp_port_id(other), "[s]", "dead"), ==, 0);
        check_int(aemp_mon_nodes(a, NULL, heard_node, &node), ==, 0);
        check_int(aemp_cal(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &call, NULL), ==, 0);
        check_int(aemp_cal(a, NULL, aemp_port_id(other), AEMP_INFINITE, heard_cal, &call, "[s]", "own"), ==,
                0);
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"P1.1\",\"last words\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&node), "n up []; ");
        check_str(heard(&msg), "[\"last words\"]; [\"own\",\"host1#P1.4\"]; ");

        /* Last words are heard, then it is gone. */
        fake_say(&fake, "[\"P1.1\",\"very last words\"]");
        check_int(aemp_snd(a, "n#p", "[s]", "lost"), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_str(heard(&msg), "[\"very last words\"]; ");
        check_str(heard(&detach), ".; ");
        check_str(heard(&reattach), "");
        check(strstr(heard(&mon), "n#p [\"transport_error\",\"host1\",\"aempd went away\"]; "));
        check_str(heard(&local), "");
        check_str(heard(&node), "n down [\"transport_error\",\"host1\",\"aempd went away\"]; ");
        check_str(heard(&call), "ECONNRESET[\"transport_error\",\"host1\",\"aempd went away\"]; ");
        check_int(aemp_is_attached(a), ==, 0);
        check_str(aemp_node(a), "host1");
        check_int(aemp_node_is_up(a, "n"), ==, 0);
        check_int(aemp_node_is_up(a, "host1"), ==, 0);

        /* Meanwhile: own ports work, for others there is an error, so that nothing gets lost silently. */
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, -ENOTCONN);
        check_int(aemp_snd(a, "", "[s]", "x"), ==, -ENOTCONN);
        check_int(aemp_kil(a, "n#p", NULL), ==, -ENOTCONN);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &mon), ==, -ENOTCONN);
        check_int(aemp_mon(a, NULL, "", heard_mon, &mon), ==, -ENOTCONN);
        check_int(aemp_mon_snd(a, NULL, "n#p", old, NULL), ==, -ENOTCONN);
        check_int(aemp_cal(a, NULL, "n#p", 1, heard_cal, &call, NULL), ==, -ENOTCONN);
        check_int(aemp_flush(a, 0), ==, -ENOTCONN);
        check_str(aemp_port_id(port), old);
        check_int(aemp_snd(a, old, "[s]", "own"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&msg), "[\"own\"]; ");

        fake.node = "host2";
        let_in();
        check_str((const char *) fake.line.data, "aemp-client;1;test;;cbor;src=1");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_expect_nothing(&fake);
        check_str(heard(&reattach), ".; ");
        check_str(heard(&detach), "");
        check_str(heard(&call), "ECONNRESET[\"transport_error\",\"host2\",\"aempd went away\"]; ");
        check_str(aemp_node(a), "host2");
        check_str(aemp_port_id(port), "host2#P2.1");
        check_int(aemp_node_is_up(a, "n"), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"P2.1\",\"new\"]");
        fake_say(&fake, "[\"P1.1\",\"old\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&msg), "[\"new\"]; ");
        check_str(heard(&node), "n up []; ");

        /* Old IDs go nowhere: to aempd, which knows none of them. */
        check_int(aemp_snd(a, old, "[s]", "x"), ==, 0);
        check_int(aemp_port_kil(port, "[s]", "end"), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"host1#P1.1\",\"x\"]");
        fake_expect_nothing(&fake); /* the new aempd does not watch it */
        check_str(heard(&local), "host1#P1.1 [\"end\"]; ");
        check_str(heard(&msg), "[\"dead\",\"end\"]; ");

        aemp_port_unref(port);
        aemp_port_unref(other);
        teardown();
}

TEST(tries_again) {
        Heard detach = {0};

        setup();
        check_int(aemp_on_detach(a, NULL, heard_fn, &detach), ==, 0);
        fake.has_answer = true;
        fake.answer = "error;not now\n";
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        for (int i = 0; i < 2; i++) {
                aemp_wait(a, 5000000); /* the timer: it connects */
                check_int(run(a), ==, 0);
                fake_accept(&fake);
                aemp_wait(a, 5000000); /* the refusal */
                check_int(run(a), ==, 0);
                check_int(aemp_is_attached(a), ==, 0);
        }
        fake.answer = NULL;
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);
        fake_accept(&fake);
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);

        fake.has_answer = false;
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);
        fake_accept(&fake);
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);
        check_int(aemp_is_attached(a), ==, 1);
        check_str(heard(&detach), ".; "); /* once */
        teardown();
}

/* The answer comes in pieces, with a message right behind it. */
TEST(answer_in_pieces) {
        static const char octets[] = "aemp-client;1;h;;cbor;prefix=Q.\n\x82\x63Q.1\x01";
        aemp_port *port;
        Heard msg = {0};

        setup();
        check_int(aemp_port_new(a, &port, heard_msg, &msg), ==, 0);
        fake.has_answer = true;
        fake.answer = "";
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);
        fake_accept(&fake);
        for (size_t i = 0; i < sizeof octets - 1; i++) {
                fake_say_raw(&fake, octets + i, 1);
                if (i % 3 == 0)
                        check_int(run(a), ==, 0);
        }
        check_int(run(a), ==, 0);
        check_str(heard(&msg), "[1]; ");
        check_str(aemp_port_id(port), "h#Q.1");
        aemp_port_unref(port);
        teardown();
}

static const char *const poison[] = {"\xff", "\xa1\x01", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff"};

/* What is no protocol ends the connection. */
TEST(malformed) {
        setup();
        for (size_t i = 0; i < 3; i++) {
                fake_say_raw(&fake, poison[i], strlen(poison[i]));
                fake_say_raw(&fake, "\x1c", 1);
                check_int(run(a), ==, 0);
                check_int(aemp_is_attached(a), ==, 0);
                fake_hang_up(&fake);
                let_in();
        }
        teardown();
}

static int drops(aemp *x, void *userdata) {
        a = aemp_unref(x);
        return 0;
}

TEST(dropped_when_detached) {
        Heard mon = {0};

        setup();
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &mon), ==, 0);
        check_int(aemp_on_detach(a, NULL, drops, NULL), ==, 0);
        fake_hang_up(&fake);
        check_int(aemp_process(a), ==, 0);
        check(!a);
        check_str(heard(&mon), "n#p [\"transport_error\",\"host1\",\"aempd went away\"]; ");
        teardown();
}

static int closes(aemp *x, void *userdata) {
        check_int(aemp_close(x, AEMP_INFINITE), ==, 0);
        return 0;
}

TEST(closed_while_away) {
        Heard h = {0};

        setup();
        check_int(aemp_on_detach(a, NULL, closes, NULL), ==, 0);
        check_int(aemp_on_detach(a, NULL, heard_fn, &h), ==, 0);
        fake_hang_up(&fake);
        check_int(aemp_process(a), ==, 0);
        check_str(heard(&h), "");
        check_int(aemp_process(a), ==, -ENOTCONN);
        teardown();
}

TEST(closed_when_back) {
        setup();
        check_int(aemp_on_reattach(a, NULL, closes, NULL), ==, 0);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        aemp_wait(a, 5000000);
        check_int(run(a), ==, 0);
        fake_accept(&fake);
        fake_hang_up(&fake); /* the line and the end at once */
        aemp_wait(a, 5000000);
        (void) run(a);
        check_int(aemp_process(a), ==, -ENOTCONN);
        teardown();
}

/* Written to, and nobody reads: the last words are heard all the same. */
TEST(write_fails_first) {
        aemp_port *port;
        Heard msg = {0}, detach = {0};

        setup();
        check_int(aemp_on_detach(a, NULL, heard_fn, &detach), ==, 0);
        check_int(aemp_port_new(a, &port, heard_msg, &msg), ==, 0);
        fake_say(&fake, "[\"P1.1\",\"last words\"]");
        fake_hang_up(&fake);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, 0);
        check_int(aemp_flush(a, 0), ==, -ENOTCONN);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&msg), "[\"last words\"]; ");
        check_str(heard(&detach), ".; ");
        check_int(aemp_get_queued(a), ==, 0);
        aemp_port_unref(port);
        teardown();
}
