/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Messages for a port
 *
 * The first element chooses the callback. Ports have few tags, so they are a list.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/port.h"
#include "wire/cbor.h"

typedef struct RcvSlot {
        aemp_slot slot;
        char *tag;
        size_t tag_len;
        aemp_msg_fn fn;
        void *userdata;
} RcvSlot;

static void rcv_slot_deinit(aemp_slot *slot) {
        free(container_of(slot, RcvSlot, slot)->tag);
}

const SlotType rcv_slot_type = {
        .size = sizeof(RcvSlot),
        .deinit = rcv_slot_deinit,
};

static RcvSlot *rcv_find(aemp_port *port, Str tag) {
        if (!port->more)
                return NULL;

        for (List *l = port->more->rcvs.next; l != &port->more->rcvs; l = l->next) {
                RcvSlot *rcv = container_of(l, RcvSlot, slot.link);

                if (str_equal((Str){rcv->tag, rcv->tag_len}, tag))
                        return rcv;
        }
        return NULL;
}

int aemp_rcv(aemp_port *port, aemp_slot **ret, const char *tag, aemp_msg_fn fn, void *userdata) {
        RcvSlot *rcv, *old;
        aemp_slot *slot;
        int r;

        if (!port || !tag || !fn)
                return -EINVAL;
        if (!port->a)
                return -ESTALE;
        r = aemp_check(port->a);
        if (r < 0)
                return r;
        if (!port_more(port))
                return -ENOMEM;

        r = slot_new(port->a, &rcv_slot_type, &slot);
        if (r < 0)
                return r;

        rcv = container_of(slot, RcvSlot, slot);
        rcv->fn = fn;
        rcv->userdata = userdata;
        rcv->tag_len = strlen(tag);
        rcv->tag = strdup(tag);
        if (!rcv->tag) {
                aemp_slot_unref(slot);
                return -ENOMEM;
        }

        old = rcv_find(port, str_from(tag));
        if (old)
                slot_end(&old->slot);

        slot->port = port;
        list_append(&port->more->rcvs, &slot->link);
        slot_give(slot, ret);
        return 0;
}

int aemp_rcv_default(aemp_port *port, aemp_msg_fn fn, void *userdata) {
        int r;

        if (!port)
                return -EINVAL;
        if (!port->a)
                return -ESTALE;
        r = aemp_check(port->a);
        if (r < 0)
                return r;

        port->fn = fn;
        port->userdata = userdata;
        return 0;
}

/* The callback for the message's tag, which is then taken off. */
static RcvSlot *rcv_take(aemp *a, aemp_port *port, const Content *content, aemp_msg *msg) {
        CborCursor c = cbor_cursor(content->data, content->size);
        RcvSlot *rcv;
        Str tag;

        if (content->n == 0 || !port->more || list_is_empty(&port->more->rcvs))
                return NULL;

        buf_reset(&a->context.scratch);
        if (cbor_read_str(&c, &a->context.scratch, &tag) < 0)
                return NULL;

        rcv = rcv_find(port, tag);
        if (rcv) {
                msg->tag = (Str){rcv->tag, rcv->tag_len};
                msg->content = (Content){content->n - 1, c.p, (size_t) (c.end - c.p)};
        }
        return rcv;
}

static void rcv_unhandled(aemp *a, aemp_port *port, const Content *content) {
        char text[128];
        aemp_msg msg;

        message_init(&msg, &a->context, content);
        (void) snprintf(text, sizeof text, "no callback takes message \"%.60s\"", aemp_msg_tag(&msg));
        arena_reset(&a->context.arena);
        port_die_text(port, "unhandled_message", text);
}

static int rcv_call(RcvSlot *rcv, aemp_port *port, aemp_msg *msg) {
        int r;

        if (!rcv)
                return port->fn(port, msg, port->userdata);

        slot_pin(&rcv->slot);
        r = rcv->fn(port, msg, rcv->userdata);
        slot_unpin(&rcv->slot);
        return r;
}

void port_deliver(aemp_port *port, const Content *content) {
        aemp *a = port->a;
        RcvSlot *rcv;
        aemp_msg msg;
        int r;

        if (cal_deliver(port, content))
                return;

        message_init(&msg, &a->context, content);
        rcv = rcv_take(a, port, content, &msg);
        if (!rcv && !port->fn) {
                rcv_unhandled(a, port, content);
                return;
        }

        context_enter(a, port);
        r = rcv_call(rcv, port, &msg);
        message_deinit(&msg);
        context_leave(a, port, r);
}
