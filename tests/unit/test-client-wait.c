/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for messages. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/waiter.h"

#define receives(timeout, text) \
        do { \
                check_int(aemp_port_recv(port, &msg, timeout), ==, 0); \
                check_str(content(), text "; "); \
        } while (0)
#define receives_nothing(error) check_int(aemp_port_recv(port, &msg, 0), ==, -(error))

TEST(in_order) {
        setup();
        receives_nothing(ETIMEDOUT);
        fake_say(&fake, "[\"P1.1\",\"one\",[1]]");
        fake_say(&fake, "[\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"three\"]");
        receives(0, "[\"one\",[1]]");
        receives(1000000, "[]");
        receives(AEMP_INFINITE, "[\"three\"]");
        receives_nothing(ETIMEDOUT);

        /* Octet by octet. */
        for (const char *p = "\x82\x64P1.1\x61x"; *p; p++) {
                receives_nothing(ETIMEDOUT);
                fake_say_raw(&fake, p, 1);
        }
        receives(0, "[\"x\"]");
        teardown();
}

static void *answers(void *arg) {
        fake_expect(&fake, "[\"n#p\",\"host1#P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"pong\"]");
        return NULL;
}

/* What was sent is written first. */
TEST(waits) {
        pthread_t thread;

        setup();
        check_int(aemp_snd(a, "n#p", "[s]", aemp_port_id(port)), ==, 0);
        check_int(pthread_create(&thread, NULL, answers, NULL), ==, 0);
        receives(AEMP_INFINITE, "[\"pong\"]");
        check_int(pthread_join(thread, NULL), ==, 0);
        teardown();
}

static uint64_t now(void) {
        struct timespec ts;

        check_int(clock_gettime(CLOCK_MONOTONIC, &ts), ==, 0);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

TEST(timeout) {
        uint64_t start;

        setup();
        start = now();
        check_int(aemp_port_recv(port, &msg, 20000), ==, -ETIMEDOUT);
        check_int(now() - start, >=, 20000);
        check_int(aemp_port_recv_tag(port, &msg, "t", 1), ==, -ETIMEDOUT);
        check(!readable());
        teardown();
}

/* No callback runs, and nothing is lost or late. */
TEST(others_wait) {
        setup();
        check_int(aemp_rcv(port, NULL, "t", heard_msg, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"P1.1\",\"t\",2]");
        fake_say(&fake, "[\"P1.2\",3]");
        fake_say(&fake, "[\"P1.1\",\"t\",4]");
        receives(0, "[\"t\",2]"); /* also one with a callback */
        check_str(heard(&h), "");
        check(readable());
        fake_say(&fake, "[\"P1.2\",5]");
        check_int(aemp_wait(a, 0), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; [3]; [4]; [5]; ");
        check(!readable());
        teardown();
}

TEST(tag) {
        setup();
        fake_say(&fake, "[\"P1.1\",\"x\",1]");
        fake_say(&fake, "[\"P1.1\",\"t\",2]");
        fake_say(&fake, "[\"P1.1\"]");
        fake_say_raw(&fake, "\x83\x44P1.1\x41t\x03", 9);
        fake_say(&fake, "[\"P1.1\",7,4]");
        fake_say(&fake, "[\"P1.1\",[\"t\"],5]");
        check_int(aemp_port_recv_tag(port, &msg, "t", 0), ==, 0);
        check_str(aemp_msg_tag(msg), "t");
        check_str(content(), "[2]; ");
        check_int(aemp_port_recv_tag(port, &msg, "7", 0), ==, 0);
        check_str(content(), "[4]; ");
        check_int(aemp_port_recv_tag(port, &msg, "t", AEMP_INFINITE), ==, 0);
        check_str(content(), "[3]; ");
        check_int(aemp_port_recv_tag(port, &msg, "t", 1000), ==, -ETIMEDOUT);

        /* The others are where they were. */
        receives(0, "[\"x\",1]");
        receives(0, "[]");
        receives(0, "[[\"t\"],5]");
        receives_nothing(ETIMEDOUT);
        teardown();
}

/* --- what this process sends to itself -------------------------------------------------------------- */

TEST(own) {
        setup();
        for (int i = 0; i < 3; i++) {
                check_int(aemp_snd(a, aemp_port_id(other), "[i]", i), ==, 0);
                check_int(aemp_snd(a, aemp_port_id(port), "[s,i]", i == 1 ? "t" : "x", i), ==, 0);
        }
        check_int(aemp_port_recv_tag(port, &msg, "t", 0), ==, 0);
        check_str(content(), "[1]; ");
        receives(0, "[\"x\",0]");
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "last"), ==, 0);
        receives(0, "[\"x\",2]");
        receives(0, "[\"last\"]");
        receives_nothing(ETIMEDOUT);
        check_int(aemp_get_queued(a), >, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[0]; [1]; [2]; ");
        check_int(aemp_get_queued(a), ==, 0);
        teardown();
}

/* What came is first, and neither is lost. */
TEST(own_and_others) {
        setup();
        fake_say(&fake, "[\"P1.1\",\"came\"]");
        fake_say(&fake, "[\"P1.2\",\"came\"]");
        check_int(aemp_port_recv_tag(port, &msg, "none", 0), ==, -ETIMEDOUT);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "own"), ==, 0);
        receives(0, "[\"came\"]");
        receives(0, "[\"own\"]");
        teardown();
}

/* A program that sends to itself and never takes a turn needs no more memory for it. */
TEST(own_for_ever) {
        char text[1000] = "";

        setup();
        memset(text, 'x', sizeof text - 1);
        check_int(aemp_set_queue_bound(a, 100000), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", text), ==, 0);
        for (int i = 0; i < 100000; i++) {
                check_int(aemp_snd(a, aemp_port_id(port), "[s]", text), ==, 0);
                check_int(aemp_port_recv(port, &msg, 0), ==, 0);
                msg = aemp_msg_unref(msg);
                check_int(aemp_get_queued(a), <, 5000);
        }
        teardown();
}

TEST(own_kil) {
        setup();
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "before"), ==, 0);
        check_int(aemp_kil(a, aemp_port_id(port), "[s]", "why"), ==, 0);
        check_int(aemp_port_recv_tag(port, &msg, "t", AEMP_INFINITE), ==, -ESTALE);
        check_int(aemp_port_is_alive(port), ==, 1); /* something else comes first */
        receives(0, "[\"before\"]");
        receives_nothing(ESTALE);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_str(heard(&h), "");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "host1#P1.1 [\"why\"]; ");
        teardown();
}

/* --- what others ask -------------------------------------------------------------------------------- */

TEST(killed) {
        setup();
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"P1.1\",\"last\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"host1#P1.1\",\"why\"]");
        fake_say(&fake, "[\"P1.1\",\"late\"]");
        check_int(aemp_port_recv_tag(port, &msg, "t", AEMP_INFINITE), ==, -ESTALE);
        check_int(aemp_port_is_alive(port), ==, 1);
        receives(0, "[\"last\"]");
        receives_nothing(ESTALE);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\",\"why\"]");
        fake_expect_nothing(&fake);
        teardown();
}

/* Nothing is in front of it. */
TEST(killed_at_once) {
        setup();
        fake_say(&fake, "[\"\",\"mon1\",\"P1.1\"]");
        fake_say(&fake, "[\"\",\"mon1\",\"P1.9\"]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.1\"]");
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -ESTALE);
        check_int(aemp_port_is_alive(port), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake,
                "[\"\",\"kil0\",\"P1.9\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#P1.9\"]");
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.1\"]");
        teardown();
}

/* Its messages were not received: callbacks get them, and then it dies. */
TEST(killed_later) {
        setup();
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"\",\"kil1\",\"P1.2\",\"why\"]");
        fake_say(&fake, "[\"\",\"mon1\",\"P1.2\"]");
        receives_nothing(ETIMEDOUT);
        check_int(aemp_port_is_alive(other), ==, 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; ");
        check_int(aemp_port_is_alive(other), ==, 0);
        fake_expect(&fake, "[\"\",\"kil0\",\"P1.2\",\"why\"]");
        teardown();
}

TEST(port_dies_with_what_waits) {
        setup();
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"P1.2\",2]");
        fake_say(&fake, "[\"P1.1\",3]");
        receives(0, "[3]");
        check_int(aemp_port_kil(other, NULL), ==, 0);
        check(!aemp_port_unref(other));
        other = NULL;
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        teardown();
}

/* --- ends ------------------------------------------------------------------------------------------- */

TEST(away) {
        setup();
        check_int(aemp_on_detach(a, NULL, heard_fn, &h), ==, 0);
        fake_say(&fake, "[\"P1.2\",1]");
        fake_say(&fake, "[\"P1.1\",2]");
        fake_say(&fake, "[\"P1.1\",3]");
        fake_hang_up(&fake);
        check_int(aemp_port_recv_tag(port, &msg, "t", AEMP_INFINITE), ==, -ENOTCONN);
        receives(0, "[2]");
        receives(AEMP_INFINITE, "[3]");
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -ENOTCONN);
        check_str(heard(&h), "");

        /* The turn sees it in order. */
        check(readable());
        check_int(aemp_process(a), >=, 0);
        check_str(heard(&h), "[1]; .; ");
        check_int(aemp_is_attached(a), ==, 0);
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -ENOTCONN);
        check_int(aemp_snd(a, aemp_port_id(port), "[i]", 4), ==, 0);
        receives(0, "[4]");

        /* And it comes back. */
        check_int(aemp_wait(a, 5000000), ==, 1);
        check_int(aemp_process(a), >=, 0);
        fake_accept(&fake);
        while (!aemp_is_attached(a))
                run_next(a);
        fake_say(&fake, "[\"P2.1\",5]");
        receives(AEMP_INFINITE, "[5]");
        teardown();
}

/* What is no message ends the connection, behind what came before. */
TEST(malformed) {
        setup();
        fake_say(&fake, "[\"P1.1\",1]");
        fake_say_raw(&fake, "\xff", 1);
        receives(AEMP_INFINITE, "[1]");
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -ENOTCONN);
        check(readable());
        check_int(aemp_process(a), >=, 0);
        check_int(aemp_is_attached(a), ==, 0);
        teardown();
}

static void on_alarm(int sig) {
}

TEST(interrupted) {
        struct sigaction action = {.sa_handler = on_alarm};
        struct itimerval soon = {.it_value.tv_usec = 10000};

        setup();
        check_int(sigaction(SIGALRM, &action, NULL), ==, 0);
        check_int(setitimer(ITIMER_REAL, &soon, NULL), ==, 0);
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -EINTR);
        check_int(setitimer(ITIMER_REAL, &soon, NULL), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, NULL), ==, -EINTR);
        teardown();
}

static int waits(aemp_port *p, aemp_msg *m, void *userdata) {
        check_int(aemp_port_recv(p, &msg, 0), ==, -EBUSY);
        check_int(aemp_port_recv_tag(p, &msg, "t", 0), ==, -EBUSY);
        check_int(aemp_cal_wait(a, &msg, "n#p", 0, NULL), ==, -EBUSY);
        return heard_msg(p, m, userdata);
}

TEST(in_a_callback) {
        setup();
        check_int(aemp_rcv_default(port, waits, &h), ==, 0);
        fake_say(&fake, "[\"P1.1\",1]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[1]; ");
        teardown();
}

TEST(arguments) {
        int status;
        pid_t pid;

        setup();
        check_int(aemp_port_recv(NULL, &msg, 0), ==, -EINVAL);
        check_int(aemp_port_recv(port, NULL, 0), ==, -EINVAL);
        check_int(aemp_port_recv_tag(port, &msg, NULL, 0), ==, -EINVAL);
        check_int(aemp_port_recv_tag(port, NULL, "t", 0), ==, -EINVAL);

        pid = fork();
        if (pid == 0)
                _exit(aemp_port_recv(port, &msg, 0) == -ECHILD ? 0 : 1);
        check_int(waitpid(pid, &status, 0), ==, pid);
        check_int(status, ==, 0);

        check_int(aemp_port_kil(port, NULL), ==, 0);
        receives_nothing(ESTALE);
        check_int(aemp_close(a, 0), ==, -ETIMEDOUT);
        check_int(aemp_port_recv(other, &msg, 0), ==, -ESTALE);
        check(!msg);
        teardown();
}
