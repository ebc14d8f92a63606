/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lists
 *
 * Circular, doubly linked, intrusive. A link that is in no list points to itself, so that unlinking is
 * always fine.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct List List;
struct List {
        List *next;
        List *prev;
};

#define container_of(ptr, type, member) ((type *) ((char *) (ptr) -offsetof(type, member)))

static inline void list_init(List *list) {
        list->next = list->prev = list;
}

static inline bool list_is_empty(const List *list) {
        return list->next == list;
}

static inline void list_append(List *list, List *link) {
        link->prev = list->prev;
        link->next = list;
        list->prev->next = link;
        list->prev = link;
}

static inline void list_unlink(List *link) {
        link->prev->next = link->next;
        link->next->prev = link->prev;
        list_init(link);
}

/* All of `from` to the end of `to`. */
static inline void list_move(List *to, List *from) {
        if (list_is_empty(from))
                return;

        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
}

/* Unlinks and returns the first entry, or NULL. */
static inline List *list_pop(List *list) {
        List *first = list->next;

        if (list_is_empty(list))
                return NULL;

        list_unlink(first);
        return first;
}

/* The entry itself may be unlinked in the body, its neighbours must stay. */
#define LIST_FOREACH(i, list) \
        for (List *i = (list)->next, *i##_next = i->next; i != (list); i = i##_next, i##_next = i->next)
