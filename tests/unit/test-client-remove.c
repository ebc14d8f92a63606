/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A result above 0 removes the callback. */

#include <errno.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port;
static aemp_slot *slot;
static Heard h, rest;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &rest), ==, 0);
        h.result = 1;
}

static void teardown(void) {
        aemp_slot_unref(slot);
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

static void send_twice(void) {
        for (int i = 0; i < 2; i++)
                check_int(aemp_snd(a, aemp_port_id(port), "[s,i]", "t", i), ==, 0);
        check_int(run(a), ==, 0);
}

/* Done, and fine to drop. */
static void check_done(void) {
        check_int(aemp_slot_set_port(slot, port), ==, -ESTALE);
        slot = aemp_slot_unref(slot);
}

TEST(rcv) {
        setup();
        check_int(aemp_rcv(port, &slot, "t", heard_msg, &h), ==, 0);
        send_twice();
        check_str(heard(&h), "[0]; ");
        check_str(heard(&rest), "[\"t\",1]; ");
        check_done();

        check_int(aemp_rcv(port, NULL, "t", heard_msg, &h), ==, 0);
        send_twice();
        check_str(heard(&h), "[0]; ");
        check_str(heard(&rest), "[\"t\",1]; ");
        check_int(aemp_port_is_alive(port), ==, 1);
        teardown();
}

TEST(rcv_match) {
        setup();
        check_int(aemp_rcv_match(port, &slot, heard_msg, &h, "[s]", "t"), ==, 0);
        send_twice();
        check_str(heard(&h), "[\"t\",0]; ");
        check_str(heard(&rest), "[\"t\",1]; ");
        check_done();
        teardown();
}

TEST(rcv_default) {
        setup();
        check_int(aemp_rcv_default(port, heard_msg, &h), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &rest), ==, 0);
        send_twice();
        check_str(heard(&h), "[\"t\",0]; ");
        check_str(heard(&rest),
                "host1#P1.1 [\"unhandled_message\",\"no callback takes message \\\"t\\\"\"]; ");
        teardown();
}

static int changes(aemp_port *p, aemp_msg *msg, void *userdata) {
        check_int(aemp_rcv_default(p, heard_msg, &rest), ==, 0);
        return 1;
}

/* What it set in its own place stays. */
TEST(rcv_default_changed) {
        setup();
        check_int(aemp_rcv_default(port, changes, NULL), ==, 0);
        send_twice();
        check_str(heard(&rest), "[\"t\",1]; ");
        teardown();
}

static int replaces(aemp_port *p, aemp_msg *msg, void *userdata) {
        check_int(aemp_rcv(p, NULL, "t", heard_msg, &rest), ==, 0);
        return 1;
}

TEST(rcv_replaced) {
        setup();
        check_int(aemp_rcv(port, &slot, "t", replaces, NULL), ==, 0);
        send_twice();
        check_str(heard(&rest), "[1]; ");
        check_done();
        teardown();
}

static int drops(aemp_port *p, aemp_msg *msg, void *userdata) {
        slot = aemp_slot_unref(slot);
        return 1;
}

static int kills(aemp_port *p, aemp_msg *msg, void *userdata) {
        check_int(aemp_port_kil(p, NULL), ==, 0);
        return 1;
}

TEST(rcv_gone_already) {
        setup();
        check_int(aemp_rcv(port, &slot, "t", drops, NULL), ==, 0);
        send_twice();
        check_str(heard(&rest), "[\"t\",1]; ");
        check_int(aemp_rcv(port, &slot, "t", kills, NULL), ==, 0);
        send_twice();
        check_str(heard(&rest), "");
        teardown();
}

TEST(every) {
        setup();
        check_int(aemp_every(a, &slot, 1000, heard_fn, &h), ==, 0);
        run_next(a);
        check_str(heard(&h), ".; ");
        check_done();
        check_int(aemp_wait(a, 5000), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");

        /* Of one that is called once it means nothing. */
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        run_next(a);
        check_str(heard(&h), ".; ");
        teardown();
}

TEST(mon_nodes) {
        setup();
        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"node\",\"m\",true]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n up []; ");
        fake_expect(&fake, "[\"\",\"nodes0\"]");
        check_int(aemp_node_is_up(a, "n"), ==, -ENODATA);
        check_done();

        /* One that is told later what others know. */
        check_int(aemp_mon_nodes(a, NULL, heard_node, &rest), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"node\",\"m\",true]");
        check_int(run(a), ==, 0);
        check_str(heard(&rest), "n up []; m up []; ");
        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        check_int(run(a), ==, 0);
        check_int(strlen(heard(&h)), ==, strlen("n up []; "));
        check_done();
        check_int(aemp_node_is_up(a, "n"), ==, 1);
        teardown();
}

TEST(refused) {
        setup();
        check_int(aemp_on_refused(a, &slot, heard_refused, &h), ==, 0);
        check_int(aemp_on_refused(a, NULL, heard_refused, &rest), ==, 0);
        for (int i = 0; i < 2; i++) {
                fake_say(&fake, "[\"\",\"refused\",\"snd\",\"denied\",\"text\"]");
                check_int(run(a), ==, 0);
        }
        check_str(heard(&h), "snd denied text; ");
        check_str(heard(&rest), "snd denied text; snd denied text; ");
        check_done();
        teardown();
}

TEST(detach_and_reattach) {
        aemp_slot *second;

        setup();
        check_int(aemp_on_detach(a, &slot, heard_fn, &h), ==, 0);
        check_int(aemp_on_reattach(a, &second, heard_fn, &h), ==, 0);
        for (int i = 0; i < 2; i++) {
                fake_hang_up(&fake);
                check_int(run(a), ==, 0);
                check_str(heard(&h), i == 0 ? ".; " : "");
                check_int(aemp_wait(a, 5000000), ==, 1);
                check_int(aemp_process(a), >=, 0);
                fake_accept(&fake);
                while (!aemp_is_attached(a))
                        run_next(a);
                check_str(heard(&h), i == 0 ? ".; " : "");
        }
        check_done();
        aemp_slot_unref(second);
        teardown();
}

TEST(writable) {
        setup();
        check_int(aemp_on_writable(a, &slot, heard_fn, &h), ==, 0);
        check_int(aemp_set_queue_bound(a, 10), ==, 0);
        for (int i = 0; i < 2; i++) {
                while (aemp_snd(a, "n#p", "[s]", "0123456789") != -EAGAIN)
                        ;
                check_int(run(a), ==, 0);
                check_str(heard(&h), i == 0 ? ".; " : "");
        }
        check_done();
        teardown();
}

/* A failure is still one. */
TEST(negative) {
        setup();
        h.result = -EDOM;
        check_int(aemp_rcv(port, &slot, "t", heard_msg, &h), ==, 0);
        send_twice();
        check_str(heard(&h), "[0]; ");
        check_int(aemp_port_is_alive(port), ==, 0);
        teardown();
}
