/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Firing never holds a place in a list across a call: telling one watcher may, in some later version of its
 * code, take away another's monitor. The set is moved aside first, which also fixes who is told: those who
 * were watching when it ended, each of them once.
 */

#include "daemon/core/mon.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/plant.h"

typedef struct MonKey {
        MonSet *set;
        Watcher *watcher;
} MonKey;

struct Mon {
        MonKey key;
        List by_set;
        List by_watcher;
        UT_hash_handle hh;
};

void mon_set_init(MonSet *set, const MonSetOps *ops) {
        *set = (MonSet){.ops = ops};
        list_init(&set->mons);
}

void watcher_init(Watcher *watcher, WatcherKind kind) {
        *watcher = (Watcher){.kind = kind};
        list_init(&watcher->mons);
}

static Mon *mon_find(MonTable *table, MonSet *set, Watcher *watcher) {
        MonKey key = {set, watcher};
        Mon *mon;

        HASH_FIND(hh, table->mons, &key, sizeof(key), mon);
        return mon;
}

int mon_add(MonTable *table, MonSet *set, Watcher *watcher, unsigned max) {
        Mon *mon;

        if (mon_find(table, set, watcher))
                return 0;
        if (watcher->n >= max)
                return -EDQUOT;

        mon = calloc(1, sizeof(*mon));
        if (!mon)
                return -ENOMEM;

        mon->key = (MonKey){set, watcher};
        HASH_ADD(hh, table->mons, key, sizeof(mon->key), mon);
        if (hash_failed(mon)) {
                free(mon);
                return -ENOMEM;
        }

        list_append(&set->mons, &mon->by_set);
        list_append(&watcher->mons, &mon->by_watcher);
        set->n++;
        watcher->n++;
        return 1;
}

static void mon_free(MonTable *table, Mon *mon) {
        HASH_DEL(table->mons, mon);
        list_unlink(&mon->by_set);
        list_unlink(&mon->by_watcher);
        mon->key.set->n--;
        mon->key.watcher->n--;
        free(mon);
}

static void mon_drop(MonTable *table, Mon *mon) {
        MonSet *set = mon->key.set;

        mon_free(table, mon);
        if (set->n == 0)
                set->ops->unwatched(set);
}

void mon_remove(MonTable *table, MonSet *set, Watcher *watcher) {
        Mon *mon = mon_find(table, set, watcher);

        if (mon)
                mon_drop(table, mon);
}

void mon_set_fire(MonTable *table, MonSet *set, const Reason *reason) {
        List dying;
        List *link;

        list_init(&dying);
        list_move(&dying, &set->mons);

        while ((link = list_pop(&dying))) {
                Mon *mon = container_of(link, Mon, by_set);
                Watcher *watcher = mon->key.watcher;

                mon_free(table, mon);
                if (PLANTED(skip_monitor) && !list_is_empty(&dying))
                        continue;

                table->fired++;
                set->ops->tell(set, watcher, reason);
                if (PLANTED(fire_twice) && table->fired % 16 == 0)
                        set->ops->tell(set, watcher, reason);
        }

        assert(set->n == 0);
}

void mon_fire_one(MonTable *table, MonSet *set, Watcher *watcher, const Reason *reason) {
        Mon *mon = mon_find(table, set, watcher);

        if (!mon)
                return;

        mon_free(table, mon);
        table->fired++;
        set->ops->tell(set, watcher, reason);
        if (set->n == 0)
                set->ops->unwatched(set);
}

void watcher_clear(MonTable *table, Watcher *watcher) {
        while (!list_is_empty(&watcher->mons))
                mon_drop(table, container_of(watcher->mons.next, Mon, by_watcher));
}
