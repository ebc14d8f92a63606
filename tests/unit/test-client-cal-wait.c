/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calling, and waiting for the end of the call. */

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_msg *msg;
static Heard h;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

static const char *content(void) {
        static Heard got;

        check_int(heard_msg(NULL, msg, &got), ==, 0);
        msg = aemp_msg_unref(msg);
        return heard(&got);
}

#define calls(to, error, text) \
        do { \
                check_int(aemp_cal_wait(a, &msg, to, AEMP_INFINITE, "[s]", "x"), ==, -(error)); \
                check_str(content(), text "; "); \
        } while (0)

static void *answers(void *arg) {
        fake_expect(&fake, "[\"n#q\",\"before\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"add\",1,\"host1#P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"sum\",2]");
        return NULL;
}

TEST(reply) {
        pthread_t thread;

        setup();
        check_int(aemp_snd(a, "n#q", "[s]", "before"), ==, 0);
        check_int(pthread_create(&thread, NULL, answers, NULL), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, "[s,i]", "add", 1), ==, 0);
        check_str(content(), "[\"sum\",2]; ");
        check_int(pthread_join(thread, NULL), ==, 0);

        /* The reply port is gone. */
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.1\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* A call after the other to the same port: one monitor; to another one: the first is stopped, without a
 * turn. */
TEST(one_after_the_other) {
        setup();
        for (int i = 1; i <= 3; i++) {
                char text[64];

                (void) snprintf(text, sizeof text, "[\"P1.%d\",%d]", i, i);
                fake_say(&fake, text);
                check_int(aemp_cal_wait(a, &msg, i < 3 ? "n#p" : "n#q", AEMP_INFINITE, NULL), ==, 0);
                (void) content();
        }
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.2\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#q\"]");
        fake_expect(&fake, "[\"n#q\",\"host1#P1.3\"]");
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(death) {
        setup();
        fake_say(&fake, "[\"\",\"kil0\",\"n#q\",\"other\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"die\",\"text\"]");
        fake_say(&fake, "[\"P1.1\",\"late\"]");
        calls("n#p", ECONNRESET, "[\"die\",\"text\"]");

        fake_say(&fake, "[\"\",\"kil0\",\"n\"]");
        calls("n#", ECONNRESET, "[]");
        check_int(run(a), ==, 0);
        teardown();
}

TEST(refused) {
        setup();
        fake_say(&fake, "[\"\",\"refused\",\"x\",\"unknown\",\"other\",\"host1#P1.9\"]");
        fake_say(&fake, "[\"\",\"refused\",\"x\",\"unknown\",\"text\",[1],\"host1#P1.1\"]");
        calls("", ECONNREFUSED, "[\"unknown\",\"text\"]");
        fake_say(&fake, "[\"\",\"refused\",\"mon1\",\"limit\",\"text\",\"n#p\"]");
        calls("n#p", ECONNRESET, "[\"limit\",\"text\"]");

        /* Whoever wants to be told is told, in the next turn. */
        check_int(aemp_on_refused(a, NULL, heard_refused, &h), ==, 0);
        fake_say(&fake, "[\"\",\"refused\",\"x\",\"denied\",\"text\",\"host1#P1.3\"]");
        calls("", ECONNREFUSED, "[\"denied\",\"text\"]");
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "x denied text; ");
        teardown();
}

/* Who was asked may answer by killing the reply port; that of another call waits for its callback. */
TEST(killed) {
        setup();
        check_int(aemp_cal(a, NULL, "n#q", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\",\"other\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"host1#P1.2\",\"die\",\"no\"]");
        calls("n#p", ECONNRESET, "[\"die\",\"no\"]");
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "ECONNRESET[\"other\"]; ");
        teardown();
}

TEST(timeout) {
        setup();
        check_int(aemp_cal_wait(a, &msg, "n#p", 10000, NULL), ==, -ETIMEDOUT);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, NULL), ==, -ETIMEDOUT);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.2\"]");

        /* Late replies go nowhere. */
        fake_say(&fake, "[\"P1.1\",\"late\"]");
        fake_say(&fake, "[\"P1.2\",\"late\"]");
        fake_say(&fake, "[\"P1.3\",\"reply\"]");
        calls("n#p", 0, "[\"reply\"]");
        check_int(run(a), ==, 0);
        check(!msg);
        teardown();
}

TEST(away) {
        setup();
        fake_say(&fake, "[\"P1.1\",\"reply\"]");
        fake_hang_up(&fake);
        calls("n#p", 0, "[\"reply\"]"); /* it was there */
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, NULL), ==, -ENOTCONN);
        check_int(aemp_cal_wait(a, &msg, "", AEMP_INFINITE, NULL), ==, -ENOTCONN);
        check_int(run(a), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, NULL), ==, -ENOTCONN);
        check(!msg);
        teardown();
}

/* Nothing in this process can answer. */
TEST(own_port) {
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_cal_wait(a, &msg, aemp_port_id(port), AEMP_INFINITE, NULL), ==, -EDEADLK);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "host1#P1.1", AEMP_INFINITE, NULL), ==, -ECONNRESET);
        check_str(content(), "[\"no_such_port\",\"cannot monitor nonexistent port\",\"host1#P1.1\"]; ");
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

TEST(arguments) {
        json_t *value = json_object();

        setup();
        json_incref(value);
        check_int(aemp_cal_wait(NULL, &msg, "n#p", 0, "[o]", value), ==, -EINVAL);
        check_int(value->refcount, ==, 1);
        json_decref(value);
        check_int(aemp_cal_wait(a, NULL, "n#p", 0, NULL), ==, -EINVAL);
        check_int(aemp_cal_wait(a, &msg, NULL, 0, NULL), ==, -EINVAL);
        check_int(aemp_cal_wait(a, &msg, "n p", 0, NULL), ==, -EINVAL);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, "[x]"), ==, -EINVAL);
        check_int(aemp_set_queue_bound(a, 1), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, NULL), ==, -EAGAIN);
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, NULL), ==, -ENOTCONN);
        check(!msg);
        teardown();
}

/* --- beside others ---------------------------------------------------------------------------------- */

/* Other deaths and replies wait for their callbacks. */
TEST(others_wait) {
        setup();
        check_int(aemp_mon(a, NULL, "n#q", heard_mon, &h), ==, 0);
        check_int(aemp_cal(a, NULL, "n#r", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#q\",\"why\"]");
        fake_say(&fake, "[\"P1.1\",\"for the other\"]");
        fake_say(&fake, "[\"P1.2\",\"reply\"]");
        calls("n#p", 0, "[\"reply\"]");
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#q [\"why\"]; [\"for the other\"]; ");
        teardown();
}

/* A death is told at once here, and in the next turn there. */
TEST(the_same_port_is_monitored) {
        setup();
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"why\"]");
        calls("n#p", ECONNRESET, "[\"why\"]");
        calls("n#p", ECONNRESET, "[\"why\"]"); /* nobody says it again */
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#p [\"why\"]; ");

        /* Now it is another monitor. */
        fake_say(&fake, "[\"P1.3\",\"reply\"]");
        calls("n#p", 0, "[\"reply\"]");
        teardown();
}

/* So is a monitor that was refused: nothing watches there. */
TEST(the_same_port_is_refused) {
        setup();
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, &h), ==, 0);
        fake_say(&fake, "[\"\",\"refused\",\"mon1\",\"limit\",\"text\",\"n#p\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        calls("n#p", ECONNRESET, "[\"limit\",\"text\"]");
        calls("n#p", ECONNRESET, "[\"limit\",\"text\"]");
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#p [\"limit\",\"text\"]; ");
        teardown();
}

static bool readable(void) {
        struct pollfd pfd = {.fd = aemp_get_fd(a), .events = POLLIN};

        return poll(&pfd, 1, 0) > 0;
}

/* --- nodes that go down ----------------------------------------------------------------------------- */

/* Nobody else watches there: the answer is given at once, or nothing could be sent there ever again. */
TEST(down) {
        setup();
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\",\"n\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\",\"n\"]");
        calls("n#p", ECONNRESET, "[\"transport_error\",\"n\"]");
        fake_say(&fake, "[\"P1.2\",\"reply\"]");
        calls("n#p", 0, "[\"reply\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"x\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"x\",\"host1#P1.2\"]");
        check_int(run(a), ==, 0);
        teardown();
}

/* So it is when this process has sent something to itself, which is no reaction to anything. */
TEST(down_beside_own_messages) {
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "own"), ==, 0);
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\",\"n\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\",\"transport_error\",\"n\"]");
        calls("n#p", ECONNRESET, "[\"transport_error\",\"n\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"x\",\"host1#P1.2\"]");
        check_int(aemp_port_recv(port, &msg, 0), ==, 0);
        check_str(content(), "[\"own\"]; ");
        check_int(aemp_flush(a, 0), ==, 0);
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        aemp_port_unref(port);
        teardown();
}

static int relays(aemp_port *port, aemp_msg *m, void *userdata) {
        int n;

        check_int(aemp_msg_unpack(m, "[i]", &n), ==, 0);
        return n > 0 ? aemp_snd(a, aemp_port_id(port), "[i]", n - 1) : aemp_snd(a, "n#q", "[s]", "reaction");
}

/* But a reaction that takes longer than a turn is waited for. */
TEST(down_behind_a_reaction) {
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, relays, NULL), ==, 0);
        check_int(aemp_mon_snd(a, NULL, "n#m", aemp_port_id(port), "[i]", 16), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#m\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#m\"]");
        check_int(aemp_process(a), ==, 1);
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        check_int(aemp_cal_wait(a, &msg, "", 0, "[s]", "x"), ==, -ETIMEDOUT);
        fake_expect(&fake, "[\"\",\"x\",\"host1#P1.2\"]");
        fake_expect_nothing(&fake);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#q\",\"reaction\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect_nothing(&fake);
        aemp_port_unref(port);
        teardown();
}

static int reacts(aemp *x, const char *id, aemp_msg *reason, void *userdata) {
        check_int(aemp_snd(x, "n#q", "[s]", "reaction"), ==, 0);
        return heard_mon(x, id, reason, userdata);
}

/* A monitor there has yet to fire: the answer comes behind its reaction. */
TEST(down_behind_a_monitor) {
        setup();
        check_int(aemp_mon(a, NULL, "n#m", reacts, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#m\"]");

        fake_say(&fake, "[\"\",\"kil0\",\"n#m\",\"transport_error\"]");
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        fake_say(&fake, "[\"P1.1\",1.5]");
        calls("", 0, "[1.5]");
        fake_expect(&fake, "[\"\",\"x\",\"host1#P1.1\"]");
        fake_expect_nothing(&fake);

        /* aempd answers such a monitor itself. */
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\",\"n\"]");
        calls("n#p", ECONNRESET, "[\"transport_error\",\"n\"]");
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"x\",\"host1#P1.2\"]");
        fake_expect_nothing(&fake);

        check(readable());
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#m [\"transport_error\"]; ");
        fake_expect(&fake, "[\"n#q\",\"reaction\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* The call's own monitor crosses `down`. */
TEST(down_crossed) {
        setup();
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\",\"transport_error\"]");
        calls("n#p", ECONNRESET, "[\"transport_error\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"x\",\"host1#P1.1\"]");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* Another monitor crosses `down`, and its death is kept: then the call can't go out. */
TEST(down_crossed_by_another) {
        setup();
        check_int(aemp_mon(a, NULL, "n#m", reacts, &h), ==, 0);
        fake_say(&fake, "[\"\",\"down\",\"n\"]");
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#m\"]");
        fake_say(&fake, "[\"\",\"kil0\",\"n#m\",\"transport_error\"]");
        calls("n#p", ECONNRESET,
                "[\"transport_error\",\"n\",\"it went down, and its monitors have yet to be told\"]");
        fake_expect_nothing(&fake);
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n#m [\"transport_error\"]; ");
        fake_expect(&fake, "[\"\",\"down\",\"n\"]");
        teardown();
}

/* --- JSON ------------------------------------------------------------------------------------------- */

TEST(cal_json) {
        json_t *array = json_pack("[s,{s:i}]", "add", "k", 1), *number = json_integer(1);

        setup();
        check_int(aemp_cal_json(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, array), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"n#p\",\"add\",{\"k\":1},\"host1#P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"sum\",2]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"sum\",2]; ");
        check_int(array->refcount, ==, 1);

        check_int(aemp_cal_json(a, NULL, "n#p", AEMP_INFINITE, NULL, &h, array), ==, -EINVAL);
        check_int(aemp_cal_json(a, NULL, "n p", AEMP_INFINITE, heard_cal, &h, array), ==, -EINVAL);
        check_int(aemp_cal_json(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, number), ==, -EINVAL);
        check_int(aemp_cal_json(a, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, NULL), ==, -EINVAL);
        check_int(aemp_cal_json(NULL, NULL, "n#p", AEMP_INFINITE, heard_cal, &h, array), ==, -EINVAL);
        json_decref(array);
        json_decref(number);
        teardown();
}

TEST(kil_json) {
        json_t *reason = json_pack("[s,s]", "why", "text"), *nothing = json_array(),
               *number = json_integer(1);
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_kil_json(a, "n#p", reason), ==, 0);
        check_int(aemp_kil_json(a, "n#q", nothing), ==, 0);
        check_int(aemp_kil_json(a, "n", reason), ==, 0);
        check_int(aemp_kil_json(a, aemp_port_id(port), reason), ==, 0);
        check_int(aemp_kil_json(a, "n#p", number), ==, -EINVAL);
        check_int(aemp_kil_json(a, "n#p", NULL), ==, -EINVAL);
        check_int(aemp_kil_json(a, NULL, reason), ==, -EINVAL);
        check_int(aemp_kil_json(NULL, "n#p", reason), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil1\",\"n#p\",\"why\",\"text\"]");
        fake_expect(&fake, "[\"\",\"kil1\",\"n#q\"]");
        fake_expect_nothing(&fake);
        check_str(heard(&h), "host1#P1.1 [\"why\",\"text\"]; ");
        check_int(reason->refcount, ==, 1);
        json_decref(reason);
        json_decref(nothing);
        json_decref(number);
        aemp_port_unref(port);
        teardown();
}
