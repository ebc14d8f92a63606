/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nodes that are up
 *
 * aempd is asked once, however many watch here. One that starts later is told by us who is up, in the next
 * turn; until then it is passed over, so that each sees ups and downs of a node strictly in turns.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/node.h"
#include "wire/id.h"

typedef struct NodeUp {
        uint64_t hash;
        char id[];
} NodeUp;

typedef struct NodeSlot {
        aemp_slot slot;
        bool fresh;
        aemp_node_fn fn;
        void *userdata;
} NodeSlot;

void nodes_init(Nodes *nodes) {
        nodes->up = TABLE_INIT(NodeUp, hash);
        list_init(&nodes->slots);
}

static void nodes_clear(Nodes *nodes) {
        NodeUp *node;
        size_t i = 0;

        while ((node = table_next(&nodes->up, &i)))
                free(node);
        table_deinit(&nodes->up);
}

void nodes_deinit(Nodes *nodes) {
        nodes_clear(nodes);
}

static void node_slot_stop(aemp_slot *slot) {
        aemp *a = slot->a;

        if (--a->nodes.watchers > 0)
                return;

        tell(a, "nodes0", STR_NULL, &CONTENT_EMPTY);
        nodes_clear(&a->nodes);
        kept_drop_nodes(a);
}

static const SlotType node_slot_type = {
        .size = sizeof(NodeSlot),
        .stop = node_slot_stop,
};

static bool node_is(const void *thing, const void *arg) {
        return str_equal(str_from(((const NodeUp *) thing)->id), *(const Str *) arg);
}

static NodeUp *node_find(aemp *a, Str id) {
        return table_find(&a->nodes.up, hash_str(a->seed, id), node_is, &id);
}

static void node_call(aemp *a, NodeSlot *n, const char *id, bool up, const Content *reason) {
        aemp_port *port = n->slot.port;
        aemp_msg msg;
        int r;

        if (!n->fn)
                return;

        context_enter(a, port);
        slot_pin(&n->slot);
        message_init(&msg, &a->context, reason);
        r = n->fn(a, id, up, &msg, n->userdata);
        message_deinit(&msg);
        slot_returned(&n->slot, r);
        context_leave(a, port, r);
}

static void nodes_call(aemp *a, const char *id, bool up, const Content *reason) {
        List turn, *l;

        list_init(&turn);
        list_move(&turn, &a->nodes.slots);
        while ((l = list_pop(&turn))) {
                NodeSlot *n = container_of(l, NodeSlot, slot.link);

                list_append(&a->nodes.slots, l);
                if (!n->fresh)
                        node_call(a, n, id, up, reason);
        }
}

bool nodes_have_callbacks(const aemp *a) {
        LIST_FOREACH (l, &a->nodes.slots)
                if (container_of(l, NodeSlot, slot.link)->fn)
                        return true;

        return false;
}

static NodeUp *node_new(aemp *a, Str id) {
        NodeUp *node;

        node = malloc(sizeof(*node) + id.n + 1);
        if (!node)
                return NULL;

        node->hash = hash_str(a->seed, id);
        memcpy(node->id, id.p, id.n);
        node->id[id.n] = '\0';
        return node;
}

static int node_up(aemp *a, Str id) {
        char text[NODE_ID_MAX + 1];
        NodeUp *node;
        int r;

        node = node_new(a, id);
        if (!node)
                return -ENOMEM;

        r = table_add(&a->nodes.up, node);
        if (r < 0) {
                free(node);
                return r;
        }

        strcpy(text, node->id); /* a callback may end the watching, and so the node */
        nodes_call(a, text, /* up= */ true, &CONTENT_EMPTY);
        return 0;
}

static void node_down(aemp *a, NodeUp *node, const Content *reason) {
        table_remove(&a->nodes.up, node);
        nodes_call(a, node->id, /* up= */ false, reason);
        free(node);
}

int nodes_report(aemp *a, Str id, bool up, const Content *reason) {
        NodeUp *node;

        if (a->nodes.watchers == 0 || !node_id_is_valid(id) || home_is_node(&a->home, id))
                return 0;

        node = node_find(a, id);
        if (up && !node)
                return node_up(a, id);
        if (!up && node)
                node_down(a, node, reason);
        return 0;
}

void nodes_detached(aemp *a, const Content *reason) {
        Table down = a->nodes.up;
        NodeUp *node;
        size_t i = 0;

        a->nodes.up = TABLE_INIT(NodeUp, hash);
        while ((node = table_next(&down, &i))) {
                nodes_call(a, node->id, /* up= */ false, reason);
                free(node);
        }
        table_deinit(&down);
}

void nodes_attached(aemp *a) {
        if (a->nodes.watchers > 0)
                tell(a, "nodes1", STR_NULL, &CONTENT_EMPTY);
}

static void node_slot_catch_up(aemp *a, NodeSlot *n) {
        char **nodes;
        int r;

        r = aemp_up_nodes(a, &nodes);
        if (r < 0) {
                a->nodes.fresh = true; /* once more */
                return;
        }

        n->fresh = false;
        slot_pin(&n->slot);
        for (char **p = nodes; *p && n->slot.a; p++)
                node_call(a, n, *p, /* up= */ true, &CONTENT_EMPTY);
        slot_unpin(&n->slot);
        free(nodes);
}

void nodes_run(aemp *a) {
        List turn, *l;

        if (!a->nodes.fresh)
                return;

        a->nodes.fresh = false;
        list_init(&turn);
        list_move(&turn, &a->nodes.slots);
        while ((l = list_pop(&turn))) {
                NodeSlot *n = container_of(l, NodeSlot, slot.link);

                list_append(&a->nodes.slots, l);
                if (n->fresh)
                        node_slot_catch_up(a, n);
        }
}

int aemp_mon_nodes(aemp *a, aemp_slot **ret, aemp_node_fn fn, void *userdata) {
        aemp_slot *slot;
        NodeSlot *n;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;

        r = slot_new(a, &node_slot_type, &slot);
        if (r < 0)
                return r;

        n = container_of(slot, NodeSlot, slot);
        n->fn = fn;
        n->userdata = userdata;
        n->fresh = a->nodes.up.n > 0;
        list_append(&a->nodes.slots, &slot->link);

        if (a->nodes.watchers++ == 0)
                nodes_attached(a);
        if (n->fresh) {
                a->nodes.fresh = true;
                loop_touch(a);
        }

        slot_give(slot, ret);
        return 0;
}

int aemp_node_is_up(aemp *a, const char *node) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!node)
                return -EINVAL;
        if (home_is_node(&a->home, str_from(node)))
                return a->state == STATE_ATTACHED;
        if (a->nodes.watchers == 0)
                return -ENODATA;

        return node_find(a, str_from(node)) ? 1 : 0;
}

int aemp_up_nodes(aemp *a, char ***ret) {
        size_t size, i = 0, n = 0;
        NodeUp *node;
        char **nodes, *text;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!ret)
                return -EINVAL;
        if (a->nodes.watchers == 0)
                return -ENODATA;

        size = (a->nodes.up.n + 1) * sizeof(*nodes);
        while ((node = table_next(&a->nodes.up, &i)))
                size += strlen(node->id) + 1;

        nodes = malloc(size);
        if (!nodes)
                return -ENOMEM;

        text = (char *) (nodes + a->nodes.up.n + 1);
        for (i = 0; (node = table_next(&a->nodes.up, &i)); text += strlen(text) + 1)
                nodes[n++] = strcpy(text, node->id);
        nodes[n] = NULL;

        *ret = nodes;
        return (int) n;
}
