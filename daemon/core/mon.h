/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Monitors
 *
 * A monitor is a promise to tell somebody, once, why something ended. What can end (a port here, a port
 * there, a node) owns a MonSet; who wants to know (a client, a peer) owns a Watcher; a Mon ties the two, at
 * most one each pair.
 */

#include <stdbool.h>

#include "daemon/core/hash.h"
#include "daemon/core/reason.h"
#include "wire/list.h"

typedef struct Mon Mon;
typedef struct MonSet MonSet;
typedef struct Watcher Watcher;

typedef enum WatcherKind {
        WATCHER_CLIENT,
        WATCHER_PEER,
} WatcherKind;

typedef struct MonSetOps {
        /* Tell the watcher that it ended. The monitor is gone already. */
        void (*tell)(MonSet *set, Watcher *watcher, const Reason *reason);
        /* The last monitor was taken away without firing. May free the set. */
        void (*unwatched)(MonSet *set);
} MonSetOps;

struct MonSet {
        const MonSetOps *ops;
        List mons;
        unsigned n;
};

struct Watcher {
        WatcherKind kind;
        List mons;
        unsigned n;
};

/* All monitors of a node, by (set, watcher). */
typedef struct MonTable {
        Mon *mons;
        uint64_t fired;
} MonTable;

void mon_set_init(MonSet *set, const MonSetOps *ops);
void watcher_init(Watcher *watcher, WatcherKind kind);

/* 1: added; 0: it was there; -EDQUOT: the watcher has `max`; -ENOMEM. */
int mon_add(MonTable *table, MonSet *set, Watcher *watcher, unsigned max);
/* Takes it away; ops->unwatched() when it was the last. Nothing when there is none. */
void mon_remove(MonTable *table, MonSet *set, Watcher *watcher);
/* Tells all of them. The set is empty afterwards, ops->unwatched() is not called. */
void mon_set_fire(MonTable *table, MonSet *set, const Reason *reason);
/* Tells one of them, if it is there; ops->unwatched() when it was the last. */
void mon_fire_one(MonTable *table, MonSet *set, Watcher *watcher, const Reason *reason);
/* Takes away all that the watcher watches. */
void watcher_clear(MonTable *table, Watcher *watcher);
