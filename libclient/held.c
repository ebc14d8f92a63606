/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nodes that are down and not answered for
 */

#include "libclient/held.h"

#include <stdlib.h>

#include "libclient/aemp.h"
#include "wire/id.h"

typedef struct HeldId {
        List link;
        size_t len;
        char text[];
} HeldId;

typedef struct HeldNode {
        List link;
        List expected; /* HeldIds: monitors that are to fire */
        Queue out;
        size_t len;
        char id[];
} HeldNode;

static Str node_of(Str id) {
        Str node, port;

        port_id_split(id, &node, &port);
        return node;
}

static HeldNode *held_find(Held *held, Str node) {
        LIST_FOREACH (i, &held->nodes) {
                HeldNode *h = container_of(i, HeldNode, link);

                if (str_equal((Str){h->id, h->len}, node))
                        return h;
        }

        return NULL;
}

static void held_free(HeldNode *h) {
        List *l;

        while ((l = list_pop(&h->expected)))
                free(container_of(l, HeldId, link));
        list_unlink(&h->link);
        queue_deinit(&h->out);
        free(h);
}

void held_init(Held *held) {
        list_init(&held->nodes);
}

void held_clear(Held *held) {
        while (!list_is_empty(&held->nodes))
                held_free(container_of(held->nodes.next, HeldNode, link));
        held->waiting = 0;
}

static bool held_expect(Str id, void *userdata) {
        HeldNode *h = userdata;
        HeldId *e;

        e = malloc(sizeof(*e) + id.n);
        if (!e)
                return false;

        e->len = id.n;
        memcpy(e->text, id.p, id.n);
        list_append(&h->expected, &e->link);
        return true;
}

void held_down(aemp *a, Str node) {
        HeldNode *h;

        if (held_find(&a->held, node))
                return; /* it was said before, and is not answered */

        h = malloc(sizeof(*h) + node.n);
        if (!h) {
                a->outgoing.lost = true;
                loop_touch(a);
                return;
        }

        *h = (HeldNode){.len = node.n};
        memcpy(h->id, node.p, node.n);
        list_init(&h->expected);
        list_append(&a->held.nodes, &h->link);
        if (!watches_crossed(a, node, held_expect, h)) {
                a->outgoing.lost = true;
                loop_touch(a);
        }

        held_settle(a);
}

bool held_is(aemp *a, Str node) {
        return !list_is_empty(&a->held.nodes) && held_find(&a->held, node);
}

static HeldId *held_find_id(aemp *a, Str id) {
        HeldNode *h = list_is_empty(&a->held.nodes) ? NULL : held_find(&a->held, node_of(id));

        if (!h)
                return NULL;

        LIST_FOREACH (i, &h->expected) {
                HeldId *e = container_of(i, HeldId, link);

                if (str_equal((Str){e->text, e->len}, id))
                        return e;
        }

        return NULL;
}

bool held_expects(aemp *a, Str id) {
        return !!held_find_id(a, id);
}

bool held_take(aemp *a, Str id) {
        HeldId *e = held_find_id(a, id);

        if (!e)
                return false;

        list_unlink(&e->link);
        free(e);
        return true;
}

void held_settle(aemp *a) {
        LIST_FOREACH (i, &a->held.nodes) {
                HeldNode *h = container_of(i, HeldNode, link);

                if (!list_is_empty(&h->expected))
                        continue;

                list_unlink(&h->link);
                tell(a, "down", (Str){h->id, h->len}, &CONTENT_EMPTY);
                a->held.waiting -= h->out.len;
                queue_splice(&a->stream.out, &h->out);
                held_free(h);
        }
}

Queue *held_outlet(aemp *a, Str id) {
        HeldNode *h = list_is_empty(&a->held.nodes) ? NULL : held_find(&a->held, node_of(id));

        return h ? &h->out : &a->stream.out;
}

void held_put(aemp *a, Queue *outlet, size_t n) {
        if (outlet != &a->stream.out)
                a->held.waiting += n;
}
