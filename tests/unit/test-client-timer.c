/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <time.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static Heard h;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

static uint64_t now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* When it was called last, and how often. */
typedef struct Called {
        uint64_t at;
        unsigned n;
} Called;

static int on_called(aemp *x, void *userdata) {
        Called *called = userdata;

        called->at = now();
        called->n++;
        return 0;
}

/* However late we are: not before its time, and once. */
TEST(once) {
        Called first = {0}, second = {0};
        uint64_t start = now();
        aemp_slot *slot;

        setup();
        check_int(aemp_after(a, NULL, 20000, on_called, &first), ==, 0);
        check_int(aemp_after(a, &slot, 30000, on_called, &second), ==, 0);
        while (second.n == 0)
                run_next(a);
        check_int(first.at, >=, start + 20000);
        check_int(second.at, >=, start + 30000);
        (void) aemp_wait(a, 1000);
        check_int(run(a), ==, 0);
        check_int(first.n, ==, 1);
        check_int(second.n, ==, 1);
        aemp_slot_unref(slot);
        teardown();
}

TEST(at_once) {
        setup();
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        check_str(heard(&h), "");
        run_next(a);
        check_str(heard(&h), ".; ");
        teardown();
}

TEST(never) {
        setup();
        check_int(aemp_after(a, NULL, AEMP_INFINITE, heard_fn, &h), ==, 0);
        check_int(aemp_after(a, NULL, AEMP_INFINITE - 1, heard_fn, &h), ==, 0);
        check_int(aemp_wait(a, 1000), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        teardown();
}

TEST(stops) {
        aemp_slot *slot;

        setup();
        check_int(aemp_after(a, &slot, 50000, heard_fn, &h), ==, 0);
        (void) aemp_wait(a, 0); /* arms the fd */
        aemp_slot_unref(slot);
        check_int(aemp_wait(a, 1000000), ==, 1); /* once in vain */
        check_int(run(a), ==, 0);
        check_int(aemp_wait(a, 1000), ==, 0);
        check_str(heard(&h), "");
        teardown();
}

typedef struct Repeat {
        aemp_slot *slot;
        uint64_t due[5];
        unsigned n;
} Repeat;

static int on_repeat(aemp *x, void *userdata) {
        Repeat *repeat = userdata;

        repeat->due[repeat->n++] = now();
        if (repeat->n == 5)
                repeat->slot = aemp_slot_unref(repeat->slot);
        else if (repeat->n == 2)
                while (now() < repeat->due[0] + 25000) /* misses one */
                        ;
        return 0;
}

TEST(repeats) {
        Repeat repeat = {0};
        uint64_t start = now();

        setup();
        check_int(aemp_every(a, &repeat.slot, 10000, on_repeat, &repeat), ==, 0);
        while (repeat.slot)
                run_next(a);
        check_int(repeat.due[0] - start, >=, 10000);
        check_int(repeat.due[2] - repeat.due[0], >=, 25000);
        for (int i = 1; i < 5; i++) /* no more often than that, whenever each of them was late */
                check_int(repeat.due[i] - start, >=, (uint64_t) (i + 1) * 10000);
        (void) aemp_wait(a, 15000);
        check_int(run(a), ==, 0);
        check_int(repeat.n, ==, 5);
        teardown();
}

#define TIMERS 60

static int order[TIMERS];
static int n_order;

static int on_order(aemp *x, void *userdata) {
        order[n_order++] = (int) (intptr_t) userdata;
        return 0;
}

/* Many, set in no order, some dropped: the rest comes in order. */
TEST(order) {
        aemp_slot *slots[TIMERS];
        int last = -1;

        setup();
        for (int i = 0; i < TIMERS; i++) {
                int at = i * 7919 % TIMERS;

                check_int(aemp_after(a, &slots[at], 20000 + (uint64_t) at * 3000, on_order,
                                  (void *) (intptr_t) at),
                        ==, 0);
        }
        for (int i = 0; i < TIMERS; i += 3)
                slots[i] = aemp_slot_unref(slots[i]);
        while (n_order < TIMERS / 3 * 2)
                run_next(a);
        for (int i = 0; i < TIMERS / 3 * 2; i++) {
                check_int(order[i], >, last);
                check_int(order[i] % 3, !=, 0);
                last = order[i];
        }
        for (int i = 0; i < TIMERS; i++)
                aemp_slot_unref(slots[i]);
        teardown();
}

TEST(of_a_port) {
        aemp_port *port;
        aemp_slot *slot;

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_every(a, &slot, 1000, heard_fn, &h), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, 0);
        aemp_slot_unref(slot); /* stops it */
        check_int(aemp_every(a, &slot, 1000, heard_fn, &h), ==, 0);
        check_int(aemp_slot_set_port(slot, port), ==, 0);
        h.result = -EIO;
        while (aemp_port_is_alive(port))
                run_next(a);
        check_str(heard(&h), ".; ");
        check_int(aemp_port_is_alive(port), ==, 0);
        (void) aemp_wait(a, 3000);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");
        aemp_slot_unref(slot);
        aemp_port_unref(port);
        teardown();
}

TEST(bad_arguments) {
        setup();
        check_int(aemp_after(NULL, NULL, 1, heard_fn, &h), ==, -EINVAL);
        check_int(aemp_after(a, NULL, 1, NULL, &h), ==, -EINVAL);
        check_int(aemp_every(a, NULL, 0, heard_fn, &h), ==, -EINVAL);
        teardown();
}
