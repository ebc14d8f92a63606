/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What came while the program waited
 *
 * The calls that wait run no callback. What would run one, or is for another port, is kept here in order,
 * for the next turn.
 */

#include <stdbool.h>
#include <stddef.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/list.h"
#include "wire/msg.h"
#include "wire/str.h"

/* Octets; then nothing more is read while the program waits. */
#define KEPT_MAX (64U * 1024 * 1024)

typedef enum KeptKind {
        KEPT_MESSAGE, /* for a port */
        KEPT_KIL,     /* `kil1`, for a port */
        KEPT_DEATH,   /* `kil0`, or `refused` of a `mon1` */
        KEPT_NODE,    /* `node` */
        KEPT_SRC,     /* `src` */
        KEPT_EARLY,   /* a message, or `kil1`, for a port that isn't there yet */
        KEPT_OTHER,   /* another request */
} KeptKind;

typedef struct KeptItem {
        List link;
        List kind_link; /* among those for its port, or among deaths */
        KeptKind kind;
        aemp_port *port; /* it is for, or NULL */
        uint64_t n;
        size_t size;
        size_t to_len;
        uint8_t data[]; /* where to, then the elements */
} KeptItem;

typedef struct Kept {
        List items;
        List deaths;
        size_t size;
        size_t nodes; /* items of that kind */
        size_t early; /* and of that */
        bool ended;   /* behind it all the connection is over */
} Kept;

void kept_init(Kept *kept);
void kept_clear(Kept *kept);
/* Those for a port that died. */
void kept_drop(aemp *a, List *items);
/* `node`: nobody watches them any more. */
void kept_drop_nodes(aemp *a);

static inline bool kept_is_empty(const Kept *kept) {
        return list_is_empty(&kept->items) && !kept->ended;
}

/* Without memory the connection has ended. */
void kept_put(aemp *a, KeptKind kind, aemp_port *port, const Msg *msg);

/* What came before the port itself was there is its own from now on: 0 or -ENOMEM. */
int kept_adopt(aemp *a, aemp_port *port);

/* Handles the next ones, but not all when there are many. Returns whether some are left. */
bool kept_run(aemp *a);
/* Handles this one, out of order. */
void kept_handle(aemp *a, KeptItem *item);
void kept_free(aemp *a, KeptItem *item);

static inline Content kept_content(const KeptItem *item) {
        return (Content){item->n, item->data + item->to_len, item->size - item->to_len};
}

/* The first death of that port or node, or of something on that node: NULL when there is none. */
KeptItem *kept_death(aemp *a, Str id, Content *ret_reason);
bool kept_has_death_on(aemp *a, Str node);
