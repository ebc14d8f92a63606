/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/mon.h"

#include <errno.h>

#include "tests/unit/test.h"

static unsigned told, unwatched;
static Watcher *told_last;

static void tell(MonSet *set, Watcher *watcher, const Reason *reason) {
        told++;
        told_last = watcher;
        check_int(reason->n, ==, 0);
}

static void last_gone(MonSet *set) {
        check_int(set->n, ==, 0);
        unwatched++;
}

static const MonSetOps ops = {.tell = tell, .unwatched = last_gone};

TEST(once_each) {
        MonTable table = {};
        MonSet set;
        Watcher a, b;

        mon_set_init(&set, &ops);
        watcher_init(&a, WATCHER_CLIENT);
        watcher_init(&b, WATCHER_PEER);

        check_int(mon_add(&table, &set, &a, 5), ==, 1);
        check_int(mon_add(&table, &set, &a, 5), ==, 0);
        check_int(mon_add(&table, &set, &b, 5), ==, 1);
        check_int(set.n, ==, 2);

        mon_set_fire(&table, &set, &REASON_NORMAL);
        check_int(told, ==, 2);
        check_int(unwatched, ==, 0);
        check_int(a.n + b.n + set.n, ==, 0);

        mon_set_fire(&table, &set, &REASON_NORMAL);
        check_int(told, ==, 2);
        check_int(table.fired, ==, 2);
        check(!table.mons);
}

TEST(remove) {
        MonTable table = {};
        MonSet set;
        Watcher a, b;

        mon_set_init(&set, &ops);
        watcher_init(&a, WATCHER_CLIENT);
        watcher_init(&b, WATCHER_CLIENT);
        mon_add(&table, &set, &a, 5);
        mon_add(&table, &set, &b, 5);

        mon_remove(&table, &set, &a);
        mon_remove(&table, &set, &a);
        check_int(unwatched, ==, 0);
        mon_set_fire(&table, &set, &REASON_NORMAL);
        check_int(told, ==, 1);
        check(told_last == &b);

        mon_add(&table, &set, &b, 5);
        mon_remove(&table, &set, &b);
        check_int(unwatched, ==, 1);
}

TEST(limit_and_clear) {
        MonTable table = {};
        MonSet sets[4];
        Watcher a;

        watcher_init(&a, WATCHER_CLIENT);
        for (unsigned i = 0; i < 4; i++) {
                mon_set_init(&sets[i], &ops);
                check_int(mon_add(&table, &sets[i], &a, 3), ==, i < 3 ? 1 : -EDQUOT);
        }
        /* what is there already is no new one */
        check_int(mon_add(&table, &sets[0], &a, 3), ==, 0);

        watcher_clear(&table, &a);
        check_int(unwatched, ==, 3);
        check_int(a.n, ==, 0);
        check(!table.mons);
}
