/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Much comes while the program waits, or the other side does not read; threads. */

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test.h"
#include "tests/unit/waiter.h"

/* --- bounds ----------------------------------------------------------------------------------------- */

typedef struct Feed {
        const void *octets; /* again and again */
        size_t size;
        int times;
        _Atomic bool stop;
        _Atomic bool done;
} Feed;

static void *feeds(void *arg) {
        Feed *feed = arg;

        for (int i = 0; i < feed->times && !feed->stop; i++)
                fake_say_raw(&fake, feed->octets, feed->size);
        feed->done = true;
        return NULL;
}

static pthread_t feed_start(Feed *feed) {
        pthread_t thread;

        check_int(pthread_create(&thread, NULL, feeds, feed), ==, 0);
        return thread;
}

/* [name, octets] of 1 MiB. */
static uint8_t *large(const char *name, size_t *ret) {
        uint8_t *octets = calloc(1, 1 << 20);

        check(octets);
        memcpy(octets, "\x82\x64", 2);
        memcpy(octets + 2, name, 4);
        memcpy(octets + 6, "\x5a\0\x0f\xff\xf5", 5);
        *ret = 1 << 20;
        return octets;
}

static size_t arrived;

static int counts(aemp_port *p, aemp_msg *m, void *userdata) {
        arrived++;
        return 0;
}

TEST(too_much) {
        Feed feed = {.times = 80};
        uint8_t *octets = large("P1.2", &feed.size);
        pthread_t thread;

        setup();
        check_int(aemp_rcv_default(other, counts, NULL), ==, 0);
        feed.octets = octets;
        thread = feed_start(&feed);
        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, -ENOBUFS);
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, NULL), ==, -ENOBUFS);

        /* What is there is given out, and then there is room again. */
        for (int i = 0; i < 64; i++) {
                check_int(aemp_port_recv(other, &msg, AEMP_INFINITE), ==, 0);
                msg = aemp_msg_unref(msg);
        }
        check_int(aemp_port_recv(port, &msg, 1000), ==, -ETIMEDOUT);
        while (arrived < 80 - 64)
                check_int(aemp_process(a), >=, 0);
        check_int(pthread_join(thread, NULL), ==, 0);
        check_int(aemp_process(a), >=, 0);
        check_int(arrived, ==, 80 - 64);
        free(octets);
        teardown();
}

/* A sanitizer's allocator says nothing. */
static size_t used(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

/* What a program that only ever waits did not ask for, and where things come from. */
static void gather(void) {
        static const char octets[] =
                "\x83\x60\x63src\x62n1\x82\x64P1.1\x01\x83\x60\x63src\x62n2\x81\x60\x82\x60\x60"
                "\x83\x60\x64mon1\x64P1.2\x83\x60\x64mon0\x64P1.2\x82\x64P1.9\x01\x83\x60\x64kil0\x64n3#p"
                "\x85\x60\x67refused\x63snd\x61x\x61y\x83\x60\x64kil1\x64P1.9";
        enum { SIZE = sizeof octets - 1, TIMES = 100 };
        static char many[TIMES * SIZE];
        size_t before;

        for (int i = 0; i < TIMES; i++)
                memcpy(many + i * SIZE, octets, SIZE);
        look();
        before = used();
        for (int i = 0; i < 20; i++) {
                fake_say_raw(&fake, many, sizeof many);
                for (int k = 0; k < TIMES; k++) {
                        check_int(aemp_port_recv(port, &msg, AEMP_INFINITE), ==, 0);
                        msg = aemp_msg_unref(msg);
                }
        }
        look();
        check_int(used(), <, before + 32 * 1024); /* an item is at least 64 octets, and there were 2000 */
}

TEST(nothing_is_gathered) {
        setup();
        check_int(run(a), ==, 0);
        gather();
        check_int(aemp_wait(a, 0), ==, 0);
        check(!readable());
        teardown();
}

/* Also behind something that is kept. */
TEST(nothing_more_is_gathered) {
        setup();
        fake_say(&fake, "[\"P1.2\",\"kept\"]");
        look();
        gather();
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"kept\"]; ");
        teardown();
}

/* Nor what it sent to itself and received, behind something that it did not. */
TEST(nothing_own_is_gathered) {
        char text[1000] = "";
        size_t before;

        setup();
        memset(text, 'x', sizeof text - 1);
        check_int(aemp_snd(a, aemp_port_id(other), "[s]", "first"), ==, 0);
        before = used();
        for (int i = 0; i < 10000; i++) {
                check_int(aemp_snd(a, aemp_port_id(port), "[s]", text), ==, 0);
                if (i == 5000)
                        check_int(aemp_snd(a, aemp_port_id(other), "[s]", "second"), ==, 0);
                check_int(aemp_port_recv(port, &msg, 0), ==, 0);
                msg = aemp_msg_unref(msg);
        }
        check_int(used(), <, before + 1024 * 1024);
        check_int(aemp_get_queued(a), <, 200);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"first\"]; [\"second\"]; ");
        teardown();
}

/* Faster than it is read. */
TEST(flood_and_timeout) {
        Feed feed = {.times = INT32_MAX};
        pthread_t thread;
        uint8_t *octets = large("P1.9", &feed.size);

        setup();
        feed.octets = octets;
        thread = feed_start(&feed);
        check_int(aemp_port_recv(port, &msg, 0), ==, -ETIMEDOUT);
        check_int(aemp_port_recv_tag(port, &msg, "t", 10000), ==, -ETIMEDOUT);
        check_int(aemp_cal_wait(a, &msg, "n#p", 10000, NULL), ==, -ETIMEDOUT);
        feed.stop = true;
        while (!feed.done) {
                check_int(aemp_process(a), >=, 0);
                check_int(aemp_wait(a, 1000), >=, 0);
        }
        check_int(pthread_join(thread, NULL), ==, 0);
        free(octets);
        teardown();
}

/* What is there is found with no time, too. */
TEST(behind_others) {
        static uint8_t octets[150000];

        setup();
        check_int(aemp_rcv_default(other, counts, NULL), ==, 0);
        memcpy(octets, "\x82\x64P1.2\x5a\0\x02\x49\xe5", 11);
        fake_say_raw(&fake, octets, sizeof octets);
        fake_say(&fake, "[\"P1.1\",1]");
        check_int(aemp_port_recv(port, &msg, 0), ==, 0);
        aemp_msg_unref(msg);
        teardown();
}

/* --- who does not read ------------------------------------------------------------------------------ */

#define LARGE_COUNT 8

/* aempd writes before it reads: much more than the socket holds. */
static void *writes_first(void *arg) {
        size_t size;
        uint8_t *octets = large("P1.2", &size);

        for (int i = 0; i < LARGE_COUNT; i++)
                fake_say_raw(&fake, octets, size);
        free(octets);
        for (int i = 0; i < LARGE_COUNT; i++)
                check(fake_hear(&fake));
        if (arg) {
                fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
                fake_expect(&fake, arg);
                fake_say(&fake, "[\"P1.3\",\"reply\"]");
        }
        return NULL;
}

static void send_much(void) {
        char *text = malloc(1000001);

        check(text);
        memset(text, 'x', 1000000);
        text[1000000] = '\0';
        for (int i = 0; i < LARGE_COUNT; i++)
                check_int(aemp_snd(a, "n#q", "[s]", text), ==, 0);
        free(text);
}

TEST(blocked_call) {
        char expected[] = "[\"n#p\",\"host1#P1.3\"]";
        pthread_t thread;

        setup();
        check_int(aemp_rcv_default(other, counts, NULL), ==, 0);
        send_much();
        check_int(pthread_create(&thread, NULL, writes_first, expected), ==, 0);
        check_int(aemp_cal_wait(a, &msg, "n#p", AEMP_INFINITE, NULL), ==, 0);
        check_str(aemp_msg_tag(msg), "reply");
        aemp_msg_unref(msg);
        check_int(pthread_join(thread, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_int(arrived, ==, LARGE_COUNT);
        teardown();
}

TEST(blocked_flush) {
        pthread_t thread;

        setup();
        check_int(aemp_rcv_default(other, counts, NULL), ==, 0);
        send_much();
        check_int(pthread_create(&thread, NULL, writes_first, NULL), ==, 0);
        check_int(aemp_flush(a, AEMP_INFINITE), ==, 0);
        check_int(arrived, ==, 0);
        check_int(pthread_join(thread, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_int(arrived, ==, LARGE_COUNT);
        teardown();
}

/* What could not be written is written later. */
TEST(blocked_and_given_up) {
        pthread_t thread;

        setup();
        send_much();
        check_int(aemp_port_recv(port, &msg, 1000), ==, -ETIMEDOUT);
        check_int(aemp_get_queued(a), >, 0);
        check_int(pthread_create(&thread, NULL, writes_first, NULL), ==, 0);
        check_int(aemp_rcv_default(other, counts, NULL), ==, 0);
        while (aemp_get_queued(a) > 0 || arrived < LARGE_COUNT) {
                struct pollfd pfd = {.fd = aemp_get_fd(a), .events = POLLIN};

                check_int(poll(&pfd, 1, 5000), ==, 1);
                check_int(aemp_process(a), >=, 0);
        }
        check_int(pthread_join(thread, NULL), ==, 0);
        teardown();
}

/* --- threads ---------------------------------------------------------------------------------------- */

typedef struct Pair {
        Fake fake;
        aemp *a;
        pthread_t aempd, program;
        int number;
} Pair;

#define CALLS 200

static void *pair_answers(void *arg) {
        Pair *pair = arg;
        char text[64];

        fake_expect(&pair->fake, "[\"\",\"mon1\",\"n#p\"]");
        for (int i = 1; i <= CALLS; i++) {
                (void) snprintf(text, sizeof text, "[\"n#p\",%d,\"host1#P1.1\"]", i);
                fake_expect(&pair->fake, text);
                (void) snprintf(text, sizeof text, "[\"P1.1\",%d]", pair->number * i);
                fake_say(&pair->fake, text);
        }
        return NULL;
}

/* Receives what it asked for. */
static void *pair_runs(void *arg) {
        Pair *pair = arg;
        aemp_port *p;
        aemp_msg *m;
        int k;

        check_int(aemp_port_new(pair->a, &p, NULL, NULL), ==, 0);
        check_int(aemp_mon_snd(pair->a, NULL, "n#p", aemp_port_id(p), "[s]", "DOWN"), ==, 0);
        for (int i = 1; i <= CALLS; i++) {
                check_int(aemp_snd(pair->a, "n#p", "[i,s]", i, aemp_port_id(p)), ==, 0);
                check_int(aemp_port_recv(p, &m, AEMP_INFINITE), ==, 0);
                check_int(aemp_msg_unpack(m, "[i]", &k), ==, 0);
                check_int(k, ==, pair->number * i);
                aemp_msg_unref(m);
        }
        aemp_port_unref(p);
        return NULL;
}

/* Each with an aemp of its own. */
TEST(two_threads) {
        static Pair pairs[2];

        for (int i = 0; i < 2; i++) {
                fake_init(&pairs[i].fake);
                pairs[i].a = fake_attach(&pairs[i].fake);
                pairs[i].number = i + 1;
        }
        for (int i = 0; i < 2; i++) {
                check_int(pthread_create(&pairs[i].aempd, NULL, pair_answers, &pairs[i]), ==, 0);
                check_int(pthread_create(&pairs[i].program, NULL, pair_runs, &pairs[i]), ==, 0);
        }
        for (int i = 0; i < 2; i++) {
                check_int(pthread_join(pairs[i].program, NULL), ==, 0);
                check_int(pthread_join(pairs[i].aempd, NULL), ==, 0);
                aemp_unref(pairs[i].a);
                fake_deinit(&pairs[i].fake);
        }
}
