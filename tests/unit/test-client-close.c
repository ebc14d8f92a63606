/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;

/* aempd: reads to the end, answers `bye` by closing. Returns how many messages there were before. */
static void *serve(void *arg) {
        size_t n = 0;
        const char *text;

        fake_say(&fake, "[\"P1.1\",\"too late\"]");
        while ((text = fake_hear(&fake)) && strcmp(text, "[\"\",\"bye\"]") != 0)
                n++;
        fake_hang_up(&fake);
        return (void *) (text ? n : 0);
}

TEST(bye) {
        aemp_port *port;
        aemp_slot *slots[2];
        char block[1000];
        pthread_t thread;
        Heard h = {0};
        void *n;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        memset(block, 'x', sizeof block);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_mon(a, &slots[0], aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_after(a, &slots[1], 0, heard_fn, &h), ==, 0);
        for (int i = 0; i < 2000; i++)
                check_int(aemp_snd(a, "n#p", "[b#]", block, 1000), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "to myself"), ==, 0);

        check_int(pthread_create(&thread, NULL, serve, NULL), ==, 0);
        check_int(aemp_close(a, 5000000), ==, 0);
        check_int(pthread_join(thread, &n), ==, 0);
        check_int((size_t) n, ==, 2000);
        check_str(heard(&h), "");

        /* All is dead, and can be dropped in any order. */
        check_int(aemp_close(a, 0), ==, 0);
        check_int(aemp_is_attached(a), ==, 0);
        check_int(aemp_process(a), ==, -ENOTCONN);
        check_int(aemp_wait(a, 0), ==, -ENOTCONN);
        check_int(aemp_get_fd(a), ==, -ENOTCONN);
        check_int(aemp_snd(a, "n#p", NULL), ==, -ENOTCONN);
        check_int(aemp_port_new(a, NULL, NULL, NULL), ==, -ENOTCONN);
        check_int(aemp_after(a, NULL, 0, heard_fn, NULL), ==, -ENOTCONN);
        check_int(aemp_flush(a, 0), ==, -ENOTCONN);
        check_int(aemp_detach_event(a), ==, -ENOTCONN);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(aemp_port_kil(port, NULL), ==, -ESTALE);
        check_int(aemp_rcv(port, NULL, "x", heard_msg, NULL), ==, -ESTALE);
        check_int(aemp_slot_set_port(slots[0], port), ==, -ESTALE);
        check_str(aemp_node(a), "host1");
        aemp_slot_unref(slots[0]);
        aemp_unref(a);
        aemp_slot_unref(slots[1]);
        aemp_port_unref(port);
        fake_deinit(&fake);
}

TEST(timeout) {
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_close(a, 10000), ==, -ETIMEDOUT);
        fake_expect(&fake, "[\"\",\"bye\"]");
        check_str(fake_hear(&fake), NULL);
        aemp_unref(a);
        fake_deinit(&fake);
}

/* The fd of a closed one is quiet. */
TEST(quiet) {
        struct pollfd pfd;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        pfd = (struct pollfd){.fd = aemp_get_fd(a), .events = POLLIN};
        check_int(aemp_after(a, NULL, 1000, heard_fn, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_int(aemp_snd(a, "n#p", NULL), ==, 0);
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_int(poll(&pfd, 1, 20), ==, 0);
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(connection_lost_meanwhile) {
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        fake_hang_up(&fake);
        check_int(aemp_close(a, AEMP_INFINITE), ==, 0);
        aemp_unref(a);
        check_int(aemp_close(NULL, 0), ==, -EINVAL);
        fake_deinit(&fake);
}

/* What the callback that closes was given stays as it is, also when more comes meanwhile. */
static int closes(aemp_port *port, aemp_msg *msg, void *userdata) {
        aemp *a = aemp_port_get(port);

        fake_say(&fake, "[\"P1.1\",\"something else\"]");
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_int(aemp_port_is_alive(port), ==, 0);
        return heard_msg(port, msg, userdata);
}

TEST(in_a_callback) {
        for (int own = 0; own <= 1; own++) {
                Heard h = {0};
                aemp *a;

                fake_init(&fake);
                a = fake_attach(&fake);
                check_int(aemp_port_new(a, NULL, closes, &h), ==, 0);
                if (own)
                        check_int(aemp_snd(a, "host1#P1.1", "[s,i]", "hello", 1), ==, 0);
                else
                        fake_say(&fake, "[\"P1.1\",\"hello\",1]");
                check_int(aemp_process(a), >=, 0);
                check_str(heard(&h), "[\"hello\",1]; ");
                aemp_unref(a);
                fake_deinit(&fake);
        }
}

static aemp *only;
static aemp_slot *kept;

/* All is dead at once, and nothing more is called. */
static int drops(aemp_port *port, aemp_msg *msg, void *userdata) {
        only = aemp_unref(only);
        check_int(aemp_port_is_alive(port), ==, 0);
        check(!aemp_port_get(port));
        check_int(aemp_slot_set_port(kept, port), ==, -ESTALE);
        return heard_msg(port, msg, userdata);
}

TEST(last_reference_in_a_callback) {
        Heard h = {0};

        fake_init(&fake);
        only = fake_attach(&fake);
        check_int(aemp_port_new(only, NULL, drops, &h), ==, 0);
        check_int(aemp_after(only, &kept, 0, heard_fn, &h), ==, 0);
        check_int(aemp_on_detach(only, NULL, heard_fn, &h), ==, 0);
        check_int(aemp_mon(only, NULL, "host1#P1.1", heard_mon, &h), ==, 0);
        check_int(aemp_slot_set_port(kept, NULL), ==, -EINVAL);
        check_int(aemp_mon_nodes(only, NULL, heard_node, &h), ==, 0);
        fake_say(&fake, "[\"P1.1\",1]");
        fake_say(&fake, "[\"P1.1\",2]");
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_hang_up(&fake);
        check_int(aemp_wait(only, 1000000), ==, 1);
        (void) aemp_process(only);
        check_str(heard(&h) + strcspn(h.shown, "["), "[1]; ");
        kept = aemp_slot_unref(kept);
        check(!only);
        fake_deinit(&fake);
}
