/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What came while the program waited
 *
 * `src` is about all that follows, and so it is kept between what is; but only one between two others, and
 * none at the front. Or a program that never takes a turn would gather them.
 */

#include "libclient/kept.h"

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/input.h"
#include "wire/id.h"

/* Octets that are handled in one turn. */
#define SHARE (64 * 1024)

void kept_init(Kept *kept) {
        list_init(&kept->items);
        list_init(&kept->deaths);
}

static KeptItem *item_of(List *link) {
        return container_of(link, KeptItem, link);
}

static size_t item_size(const KeptItem *item) {
        return sizeof(*item) + item->size;
}

static void item_unlink(Kept *kept, KeptItem *item) {
        list_unlink(&item->link);
        list_unlink(&item->kind_link);
        kept->size -= item_size(item);
        kept->nodes -= item->kind == KEPT_NODE;
        kept->early -= item->kind == KEPT_EARLY;
}

static bool is_src(const Kept *kept, List *link) {
        return link != &kept->items && item_of(link)->kind == KEPT_SRC;
}

/* The last `src` of several that nothing stands between. */
static void merge(Kept *kept, List *link) {
        KeptItem *item;

        if (!is_src(kept, link) || !is_src(kept, link->next))
                return;

        item = item_of(link);
        item_unlink(kept, item);
        free(item);
}

void kept_clear(Kept *kept) {
        while (!list_is_empty(&kept->items)) {
                KeptItem *item = item_of(kept->items.next);

                item_unlink(kept, item);
                free(item);
        }
        kept->ended = false;
}

/* What comes next is from there. A callback that runs is about something before. */
static void handle_front(aemp *a) {
        while (!loop_is_busy(a) && is_src(&a->kept, a->kept.items.next))
                kept_handle(a, item_of(a->kept.items.next));
}

void kept_free(aemp *a, KeptItem *item) {
        List *before = item->link.prev;

        item_unlink(&a->kept, item);
        free(item);
        merge(&a->kept, before);
        handle_front(a);
}

void kept_drop(aemp *a, List *items) {
        while (!list_is_empty(items))
                kept_free(a, container_of(items->next, KeptItem, kind_link));
}

void kept_drop_nodes(aemp *a) {
        Kept *kept = &a->kept;

        for (List *l = kept->items.next, *next; l != &kept->items && kept->nodes > 0; l = next) {
                KeptItem *item = item_of(l);
                List *before = l->prev;

                next = l->next;
                if (item->kind != KEPT_NODE)
                        continue;
                item_unlink(kept, item);
                free(item);
                merge(kept, before);
        }
        handle_front(a);
}

void kept_put(aemp *a, KeptKind kind, aemp_port *port, const Msg *msg) {
        Kept *kept = &a->kept;
        KeptItem *item;

        item = malloc(sizeof(*item) + msg->to.n + msg->tail_len);
        if (!item || (port && !port_more(port))) {
                free(item);
                kept->ended = true;
                return;
        }

        *item = (KeptItem){
                .kind = kind,
                .port = port,
                .n = msg->n,
                .size = msg->to.n + msg->tail_len,
                .to_len = msg->to.n,
        };
        if (msg->to.n > 0)
                memcpy(item->data, msg->to.p, msg->to.n);
        if (msg->tail_len > 0)
                memcpy(item->data + msg->to.n, msg->tail, msg->tail_len);

        list_init(&item->kind_link);
        if (port)
                list_append(&port->more->kept, &item->kind_link);
        else if (kind == KEPT_DEATH)
                list_append(&kept->deaths, &item->kind_link);
        list_append(&kept->items, &item->link);
        kept->size += item_size(item);
        kept->nodes += kind == KEPT_NODE;
        kept->early += kind == KEPT_EARLY;

        merge(kept, item->link.prev);
        handle_front(a);
}

void kept_handle(aemp *a, KeptItem *item) {
        List *before = item->link.prev;
        Content content = kept_content(item);
        Msg msg = {
                .to = {(const char *) item->data, item->to_len},
                .n = content.n,
                .tail = content.data,
                .tail_len = content.size,
        };

        item_unlink(&a->kept, item);
        merge(&a->kept, before);
        if (item->kind == KEPT_MESSAGE)
                input_deliver(a, item->port, &content);
        else
                input_message(a, &msg);
        free(item);
}

bool kept_run(aemp *a) {
        List *items = &a->kept.items;

        for (size_t done = 0; !list_is_empty(items) && done < SHARE;) {
                KeptItem *item = item_of(items->next);

                done += item_size(item);
                kept_handle(a, item);
        }

        return !list_is_empty(items);
}

static aemp_port *early_port(aemp *a, const KeptItem *item) {
        Content content = kept_content(item);
        CborCursor c = cbor_cursor(content.data, content.size);
        Str name;

        if (item->to_len > 0)
                return port_by_name(a, (Str){(const char *) item->data, item->to_len});

        buf_reset(&a->context.scratch);
        if (cbor_skip(&c) < 0 || cbor_read_str(&c, &a->context.scratch, &name) < 0)
                return NULL;
        return port_by_name_or_id(a, name);
}

/* All of it is in front of what was kept since. */
int kept_adopt(aemp *a, aemp_port *port) {
        List *items = &a->kept.items, own;

        if (!port->early)
                return 0;
        if (!port_more(port))
                return -ENOMEM;

        list_init(&own);
        LIST_FOREACH (l, items) {
                KeptItem *item = item_of(l);

                if (item->kind != KEPT_EARLY || early_port(a, item) != port)
                        continue;
                item->kind = item->to_len > 0 ? KEPT_MESSAGE : KEPT_KIL;
                item->port = port;
                list_append(&own, &item->kind_link);
                a->kept.early--;
        }

        list_move(&own, &port->more->kept);
        list_move(&port->more->kept, &own);
        port->early = false;
        return 0;
}

/* ["refused", "mon1", code, text, ID] */
static bool refusal_read(CborCursor *c, Buf *scratch, Str *ret_id, Content *ret_reason) {
        const uint8_t *reason;

        if (cbor_skip(c) < 0)
                return false;
        reason = c->p;
        if (cbor_skip(c) < 0 || cbor_skip(c) < 0)
                return false;

        *ret_reason = (Content){2, reason, (size_t) (c->p - reason)};
        return cbor_read_str(c, scratch, ret_id) >= 0;
}

/* ["kil0", ID, reason...], or that */
static bool death_read(aemp *a, const KeptItem *item, Str *ret_id, Content *ret_reason) {
        Content content = kept_content(item);
        CborCursor c = cbor_cursor(content.data, content.size);
        Buf *scratch = &a->context.scratch;
        Str tag;

        buf_reset(scratch);
        if (cbor_read_str(&c, scratch, &tag) < 0)
                return false;
        if (str_is(tag, "refused"))
                return refusal_read(&c, scratch, ret_id, ret_reason);
        if (cbor_read_str(&c, scratch, ret_id) < 0)
                return false;

        *ret_reason = (Content){content.n - 2, c.p, (size_t) (c.end - c.p)};
        return true;
}

KeptItem *kept_death(aemp *a, Str id, Content *ret_reason) {
        LIST_FOREACH (l, &a->kept.deaths) {
                KeptItem *item = container_of(l, KeptItem, kind_link);
                Str own;

                if (death_read(a, item, &own, ret_reason) && watch_is_same(a, own, id))
                        return item;
        }

        return NULL;
}

bool kept_has_death_on(aemp *a, Str node) {
        LIST_FOREACH (l, &a->kept.deaths) {
                Str id, there, port;
                Content reason;

                if (!death_read(a, container_of(l, KeptItem, kind_link), &id, &reason))
                        return true;
                port_id_split(id, &there, &port);
                if (str_equal(there, node))
                        return true;
        }

        return false;
}
