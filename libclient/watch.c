/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What aempd watches for us
 *
 * The own node's port is here too, but aempd is not asked to watch itself: it is gone when the connection
 * is.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/watch.h"
#include "wire/id.h"

static bool watch_is(const void *thing, const void *arg) {
        const Watch *watch = thing;
        const Str *id = arg;

        return str_equal(str_from(watch->death->id), *id);
}

/* "node#" and "node" are the same, and so are all names of the own node. */
static Str canonical(const aemp *a, Str id) {
        if (home_is_node(&a->home, id))
                return STR_LIT("");
        if (memchr(id.p, '#', id.n) == id.p + id.n - 1)
                id.n--;
        return id;
}

static Watch *watch_find(const aemp *a, Str id) {
        return table_find(&a->watches.table, hash_str(a->seed, id), watch_is, &id);
}

static void watch_free(Watch *watch) {
        list_unlink(&watch->idle_link);
        death_free(watch->death);
        free(watch);
}

static int watch_new(aemp *a, Str id, Watch **ret) {
        Watch *watch;
        int r;

        watch = malloc(sizeof(*watch));
        if (!watch)
                return -ENOMEM;

        list_init(&watch->idle_link);
        watch->crossed = false;
        watch->hash = hash_str(a->seed, id);
        r = death_new(&watch->death, id);
        if (r < 0) {
                free(watch);
                return r;
        }

        r = table_add(&a->watches.table, watch);
        if (r < 0) {
                watch_free(watch);
                return r;
        }

        *ret = watch;
        return 0;
}

int watch_get(aemp *a, Str id, Watch **ret) {
        Watch *watch;
        int r;

        id = canonical(a, id);
        watch = watch_find(a, id);
        if (watch) {
                list_unlink(&watch->idle_link);
                *ret = watch;
                return 0;
        }

        r = watch_new(a, id, &watch);
        if (r < 0)
                return r;

        if (id.n > 0)
                tell(a, "mon1", id, &CONTENT_EMPTY);
        *ret = watch;
        return 0;
}

void watch_dropped(aemp *a, Watch *watch) {
        if (!list_is_empty(&watch->death->mons))
                return;

        list_append(&a->watches.idle, &watch->idle_link);
        loop_touch(a);
}

/* Takes it apart: what is left is a death to fire. */
static Death *watch_end(Watch *watch) {
        Death *death = watch->death;

        LIST_FOREACH (l, &death->mons)
                container_of(l, Mon, link)->watch = NULL;

        watch->death = NULL;
        watch_free(watch);
        return death;
}

bool watches_crossed(aemp *a, Str node, bool (*fn)(Str id, void *userdata), void *userdata) {
        Watch *watch;
        size_t i = 0;

        while ((watch = table_next(&a->watches.table, &i))) {
                Str id = str_from(watch->death->id), there, port;

                port_id_split(id, &there, &port);
                if (!str_equal(there, node))
                        continue;

                watch->crossed = true;
                if (!fn(id, userdata))
                        return false;
        }

        return true;
}

bool watch_is_same(const aemp *a, Str id, Str other) {
        return str_equal(canonical(a, id), canonical(a, other));
}

Watch *watch_ended_by(const aemp *a, Str id, bool crossed) {
        Watch *watch = watch_find(a, canonical(a, id));

        return watch && watch->crossed == crossed ? watch : NULL;
}

void watch_fire(aemp *a, Str id, const Content *reason, bool crossed) {
        Watch *watch = watch_ended_by(a, id, crossed);
        Death *death;

        if (!watch)
                return;

        table_remove(&a->watches.table, watch);
        death = watch_end(watch);
        death->reason = *reason;
        death_fire(a, death);
}

void watches_fire(aemp *a, const Content *reason) {
        Table dying = a->watches.table;
        List deaths, *l;
        Watch *watch;
        size_t i = 0;

        list_init(&deaths);
        a->watches.table = TABLE_INIT(Watch, hash);

        while ((watch = table_next(&dying, &i))) {
                Death *death = watch_end(watch);

                death->reason = *reason;
                list_append(&deaths, &death->link);
        }
        table_deinit(&dying);

        while ((l = list_pop(&deaths)))
                death_fire(a, container_of(l, Death, link));
}

void watches_settle(aemp *a) {
        List *l;

        while ((l = list_pop(&a->watches.idle))) {
                Watch *watch = container_of(l, Watch, idle_link);

                if (watch->death->id[0] != '\0')
                        tell(a, "mon0", str_from(watch->death->id), &CONTENT_EMPTY);
                table_remove(&a->watches.table, watch);
                watch_free(watch);
        }
}

void watches_init(Watches *watches) {
        watches->table = TABLE_INIT(Watch, hash);
        list_init(&watches->idle);
}

void watches_deinit(Watches *watches) {
        Watch *watch;
        size_t i = 0;

        while ((watch = table_next(&watches->table, &i)))
                watch_free(watch);
        table_deinit(&watches->table);
}
