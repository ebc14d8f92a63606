/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A death that somebody wants to know of
 *
 * Firing never holds a place in the list across a callback, which may stop any other monitor, or add
 * monitors elsewhere: it takes the first one out until none is left.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/death.h"
#include "libclient/reason.h"

int death_new(Death **ret, Str id) {
        Death *death;

        death = calloc(1, sizeof(*death));
        if (!death)
                return -ENOMEM;

        list_init(&death->link);
        list_init(&death->mons);
        death->id = id.n > 0 ? strndup(id.p, id.n) : strdup("");
        if (!death->id) {
                free(death);
                return -ENOMEM;
        }

        *ret = death;
        return 0;
}

Death *death_free(Death *death) {
        if (!death)
                return NULL;

        list_unlink(&death->link);
        free(death->copy);
        free(death->id);
        free(death);
        return NULL;
}

void death_set_reason(Death *death, const Content *reason) {
        if (reason->size == 0)
                return;

        death->copy = malloc(reason->size);
        if (!death->copy) {
                death->reason = reason_no_memory();
                return;
        }

        memcpy(death->copy, reason->data, reason->size);
        death->reason = (Content){reason->n, death->copy, reason->size};
}

void death_fire(aemp *a, Death *death) {
        List *l;

        while ((l = list_pop(&death->mons))) {
                Mon *mon = container_of(l, Mon, link);

                mon->watch = NULL;
                a->local.reacts = true;
                mon->fire(a, mon, death->id, &death->reason);
        }

        death_free(death);
}
