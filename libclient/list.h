/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Doubly linked rings
 *
 * A List is both the head of a ring and a link in one. Initialized, a link that is in no ring can be
 * unlinked any number of times.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct List List;

struct List {
        List *prev;
        List *next;
};

#define container_of(ptr, type, member) ((type *) ((char *) (ptr) -offsetof(type, member)))

static inline void list_init(List *l) {
        l->prev = l->next = l;
}

static inline bool list_is_empty(const List *l) {
        return l->next == l;
}

static inline void list_append(List *head, List *l) {
        l->prev = head->prev;
        l->next = head;
        head->prev->next = l;
        head->prev = l;
}

static inline void list_unlink(List *l) {
        l->prev->next = l->next;
        l->next->prev = l->prev;
        list_init(l);
}

/* Moves all of `from` to the end of `to`. */
static inline void list_splice(List *to, List *from) {
        if (list_is_empty(from))
                return;

        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
}

static inline List *list_pop(List *head) {
        List *l = head->next;

        if (l == head)
                return NULL;

        list_unlink(l);
        return l;
}
