/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Messages for a port
 *
 * The first element chooses the callback, after the patterns had their turn. Ports have few of both, so they
 * are lists.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/match.h"
#include "libclient/port.h"
#include "wire/cbor.h"

typedef struct RcvSlot {
        aemp_slot slot;
        char *tag; /* NULL: a pattern */
        size_t tag_len;
        Buf pattern;
        uint64_t pattern_n;
        aemp_msg_fn fn;
        void *userdata;
} RcvSlot;

static void rcv_slot_deinit(aemp_slot *slot) {
        RcvSlot *rcv = container_of(slot, RcvSlot, slot);

        free(rcv->tag);
        buf_deinit(&rcv->pattern);
}

static const SlotType rcv_slot_type = {
        .size = sizeof(RcvSlot),
        .has_port = true,
        .deinit = rcv_slot_deinit,
};

static RcvSlot *rcv_find(aemp_port *port, Str tag) {
        if (!port->more)
                return NULL;

        LIST_FOREACH (l, &port->more->rcvs) {
                RcvSlot *rcv = container_of(l, RcvSlot, slot.link);

                if (str_equal((Str){rcv->tag, rcv->tag_len}, tag))
                        return rcv;
        }
        return NULL;
}

static int rcv_check(const aemp_port *port, bool has_all) {
        if (!port || !has_all)
                return -EINVAL;

        return port->a ? aemp_check(port->a) : -ESTALE;
}

static int rcv_new(aemp_port *port, aemp_msg_fn fn, void *userdata, RcvSlot **ret) {
        aemp_slot *slot;
        RcvSlot *rcv;
        int r;

        if (!port_more(port))
                return -ENOMEM;

        r = slot_new(port->a, &rcv_slot_type, &slot);
        if (r < 0)
                return r;

        rcv = container_of(slot, RcvSlot, slot);
        rcv->fn = fn;
        rcv->userdata = userdata;
        *ret = rcv;
        return 0;
}

static void rcv_give(RcvSlot *rcv, aemp_port *port, List *list, aemp_slot **ret) {
        rcv->slot.port = port;
        list_append(list, &rcv->slot.link);
        slot_give(&rcv->slot, ret);
}

int aemp_rcv(aemp_port *port, aemp_slot **ret, const char *tag, aemp_msg_fn fn, void *userdata) {
        RcvSlot *rcv, *old;
        int r;

        r = rcv_check(port, tag && fn);
        if (r < 0)
                return r;

        r = rcv_new(port, fn, userdata, &rcv);
        if (r < 0)
                return r;

        rcv->tag_len = strlen(tag);
        rcv->tag = strdup(tag);
        if (!rcv->tag) {
                aemp_slot_unref(&rcv->slot);
                return -ENOMEM;
        }

        old = rcv_find(port, str_from(tag));
        if (old)
                slot_end(&old->slot);

        rcv_give(rcv, port, &port->more->rcvs, ret);
        return 0;
}

int aemp_rcv_matchv(
        aemp_port *port, aemp_slot **ret, aemp_msg_fn fn, void *userdata, const char *format, va_list ap) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content pattern;
        RcvSlot *rcv;
        int r;

        r = pack_pattern(rcv_check(port, fn), &buf, &pattern, format, ap);
        if (r < 0)
                return r;

        r = rcv_new(port, fn, userdata, &rcv);
        if (r < 0)
                return r;

        rcv->pattern = buf;
        rcv->pattern_n = pattern.n;
        buf = BUF_INIT;
        rcv_give(rcv, port, &port->more->patterns, ret);
        return 0;
}

int aemp_rcv_match(
        aemp_port *port, aemp_slot **ret, aemp_msg_fn fn, void *userdata, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_rcv_matchv(port, ret, fn, userdata, format, ap);
        va_end(ap);
        return r;
}

int aemp_rcv_default(aemp_port *port, aemp_msg_fn fn, void *userdata) {
        int r;

        r = rcv_check(port, /* has_all= */ true);
        if (r < 0)
                return r;

        port->fn = fn;
        port->userdata = userdata;
        return 0;
}

static int rcv_by_pattern(aemp_port *port, aemp_msg *msg, RcvSlot **ret) {
        LIST_FOREACH (l, &port->more->patterns) {
                RcvSlot *rcv = container_of(l, RcvSlot, slot.link);
                int r;

                r = match(&(Content){rcv->pattern_n, rcv->pattern.data, rcv->pattern.len}, msg);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = rcv;
                        return 0;
                }
        }
        return 0;
}

/* The callback for the message's tag, which is then taken off. */
static int rcv_by_tag(aemp_port *port, aemp_msg *msg, RcvSlot **ret) {
        CborCursor c = cbor_cursor(msg->content.data, msg->content.size);
        RcvSlot *rcv;
        Str tag;
        int r;

        buf_reset(msg->scratch);
        r = cbor_read_str(&c, msg->scratch, &tag);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        rcv = rcv_find(port, tag);
        if (rcv) {
                msg->tag = (Str){rcv->tag, rcv->tag_len};
                msg->content = (Content){msg->content.n - 1, c.p, (size_t) (c.end - c.p)};
        }
        *ret = rcv;
        return 0;
}

/* The callback for the message, or NULL. -ENOMEM: nobody knows which. */
static int rcv_choose(aemp_port *port, aemp_msg *msg, RcvSlot **ret) {
        RcvSlot *rcv = NULL;
        int r = 0;

        if (port->more && !list_is_empty(&port->more->patterns))
                r = rcv_by_pattern(port, msg, &rcv);
        if (r >= 0 && !rcv && msg->content.n > 0 && port->more && !list_is_empty(&port->more->rcvs))
                r = rcv_by_tag(port, msg, &rcv);

        *ret = rcv;
        return r;
}

static void rcv_unhandled(aemp *a, aemp_port *port, const Content *content) {
        char text[128];
        aemp_msg msg;

        message_init(&msg, &a->context, content);
        (void) snprintf(text, sizeof(text), "no callback takes message \"%.60s\"", aemp_msg_tag(&msg));
        arena_reset(&a->context.arena);
        port_die_text(port, "unhandled_message", text);
}

/* The port's own callback, which may have been changed meanwhile. */
static int rcv_call_default(aemp_port *port, aemp_msg *msg) {
        aemp_msg_fn fn = port->fn;
        void *userdata = port->userdata;
        int r;

        r = fn(port, msg, userdata);
        if (r > 0 && port->fn == fn && port->userdata == userdata)
                port->fn = NULL;
        return r;
}

static int rcv_call(RcvSlot *rcv, aemp_port *port, aemp_msg *msg) {
        int r;

        if (!rcv)
                return rcv_call_default(port, msg);

        slot_pin(&rcv->slot);
        r = rcv->fn(port, msg, rcv->userdata);
        slot_returned(&rcv->slot, r);
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
        r = rcv_choose(port, &msg, &rcv);
        if (r >= 0 && !rcv && !port->fn) {
                rcv_unhandled(a, port, content);
                return;
        }

        context_enter(a, port);
        if (r >= 0)
                r = rcv_call(rcv, port, &msg);
        message_deinit(&msg);
        context_leave(a, port, r);
}
