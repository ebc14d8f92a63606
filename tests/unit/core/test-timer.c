/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/timer.h"

#include <stdlib.h>

#include "tests/unit/test.h"
#include "wire/list.h"

typedef struct Item {
        Timer timer;
        Timers *timers;
        Timer *other;
        uint64_t last;
        unsigned fired;
} Item;

static uint64_t last_when;

static void item_fired(Timer *timer) {
        Item *item = container_of(timer, Item, timer);

        check(!timer->armed);
        check_int(timer->when, >=, last_when);
        last_when = timer->when;
        item->fired++;
}

TEST(order) {
        enum { N = 2000 };
        static Item items[N];
        Timers timers = {};
        unsigned left = 0;

        srand(1);
        for (unsigned i = 0; i < N; i++) {
                timer_init(&items[i].timer, item_fired);
                timer_set(&timers, &items[i].timer, (uint64_t) rand() % 1000);
        }
        /* move some, stop some, from anywhere in the heap */
        for (unsigned i = 0; i < N; i += 3)
                timer_set(&timers, &items[i].timer, (uint64_t) rand() % 1000);
        for (unsigned i = 0; i < N; i += 7)
                timer_stop(&timers, &items[i].timer);

        for (uint64_t now = 0; now < 1000; now += 13) {
                timers_run(&timers, now);
                check_int(timers_next(&timers), >, now);
        }
        timers_run(&timers, 1000);

        check(timers_next(&timers) == UINT64_MAX);
        for (unsigned i = 0; i < N; i++) {
                check_int(items[i].fired, ==, i % 7 == 0 ? 0 : 1);
                left += items[i].timer.armed;
        }
        check_int(left, ==, 0);
}

static void item_stops_other(Timer *timer) {
        Item *item = container_of(timer, Item, timer);

        item->fired++;
        timer_stop(item->timers, item->other);
}

TEST(stopped_by_another) {
        Timers timers = {};
        Item a = {.timers = &timers}, b = {.timers = &timers};

        timer_init(&a.timer, item_stops_other);
        timer_init(&b.timer, item_stops_other);
        a.other = &b.timer;
        b.other = &a.timer;
        timer_set(&timers, &a.timer, 5);
        timer_set(&timers, &b.timer, 5);
        timers_run(&timers, 5);
        check_int(a.fired + b.fired, ==, 1);
}

static void item_again(Timer *timer) {
        Item *item = container_of(timer, Item, timer);

        if (++item->fired < 3)
                timer_set(item->timers, timer, timer->when);
}

TEST(armed_again_for_now) {
        Timers timers = {};
        Item a = {.timers = &timers};

        timer_init(&a.timer, item_again);
        timer_set(&timers, &a.timer, 5);
        timers_run(&timers, 4);
        check_int(a.fired, ==, 0);
        timers_run(&timers, 5);
        check_int(a.fired, ==, 3);
}
