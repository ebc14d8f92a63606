/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls
 *
 * A port for the reply, a monitor on who is called, a timer: whichever comes first ends the call and the
 * others with it. The monitor is there before the message, so that the call ends when the message is lost,
 * too.
 *
 * Two ends are ours to notice. aempd may refuse a request, and then nobody replies; its `refused` carries
 * the request's arguments, and so the reply port. And a reply to an ID from before aempd went away goes
 * nowhere.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/cal.h"
#include "wire/cbor.h"

typedef struct CalSlot {
        aemp_slot slot;
        Mon mon;
        Timer timer;
        aemp_port *reply;
        aemp_cal_fn fn;
        void *userdata;
} CalSlot;

static void cal_slot_stop(aemp_slot *slot) {
        CalSlot *cal = container_of(slot, CalSlot, slot);

        mon_stop(slot->a, &cal->mon);
        timer_unset(slot->a, &cal->timer);
        if (cal->reply && cal->reply->a)
                port_die(cal->reply, &CONTENT_EMPTY);
        cal->reply = aemp_port_unref(cal->reply);
}

static const SlotType cal_slot_type = {
        .size = sizeof(CalSlot),
        .stop = cal_slot_stop,
};

static void cal_end(aemp *a, CalSlot *cal, int error, const Content *content) {
        aemp_port *port = cal->slot.port;
        aemp_msg msg;
        int r;

        context_enter(a, port);
        slot_pin(&cal->slot);
        slot_end(&cal->slot);

        message_init(&msg, &a->context, content);
        r = cal->fn(a, error, &msg, cal->userdata);
        message_deinit(&msg);

        slot_unpin(&cal->slot);
        context_leave(a, port, r);
}

static void cal_died(aemp *a, Mon *mon, const char *id, const Content *reason) {
        cal_end(a, container_of(mon, CalSlot, mon), -ECONNRESET, reason);
}

static void cal_timed_out(aemp *a, Timer *timer) {
        cal_end(a, container_of(timer, CalSlot, timer), -ETIMEDOUT, &CONTENT_EMPTY);
}

/* The reply port's callback, which marks it as one; see cal_deliver(). */
static int cal_reply(aemp_port *port, aemp_msg *msg, void *userdata) {
        return 0;
}

static CalSlot *cal_of(const aemp_port *port) {
        return port->fn == cal_reply ? port->userdata : NULL;
}

bool cal_deliver(aemp_port *port, const Content *content) {
        CalSlot *cal = cal_of(port);

        if (!cal)
                return false;

        cal_end(port->a, cal, 0, content);
        return true;
}

bool cal_refuse(aemp *a, Str id, const Content *reason) {
        aemp_port *port;
        uint64_t number;

        if (!home_read_id(&a->home, id, &number))
                return false;

        port = port_find(a, number);
        if (!port || !cal_of(port))
                return false;

        cal_end(a, cal_of(port), -ECONNREFUSED, reason);
        return true;
}

void cals_end(aemp *a, const Content *reason) {
        List ending, *l;

        list_init(&ending);
        list_move(&ending, &a->cals);
        while ((l = list_pop(&ending)))
                cal_end(a, container_of(l, CalSlot, slot.link), -ECONNRESET, reason);
}

static int cal_new(aemp *a, uint64_t timeout, CalSlot **ret) {
        aemp_slot *slot;
        CalSlot *cal;
        int r;

        r = slot_new(a, &cal_slot_type, &slot);
        if (r < 0)
                return r;

        cal = container_of(slot, CalSlot, slot);
        mon_init(&cal->mon, cal_died);
        cal->timer.fire = cal_timed_out;

        r = aemp_port_new(a, &cal->reply, cal_reply, cal);
        if (r >= 0 && timeout != AEMP_INFINITE)
                r = timer_set(a, &cal->timer, timeout);
        if (r < 0) {
                aemp_slot_unref(slot);
                return r;
        }

        list_append(&a->cals, &slot->link);
        *ret = cal;
        return 0;
}

/* Monitor, then message, with the reply port's ID at its end. */
static int cal_start(CalSlot *cal, Str to, Buf *packed, uint64_t n) {
        aemp *a = cal->slot.a;
        const char *id;
        int r;

        id = port_id(a, cal->reply);
        if (!id)
                return -ENOMEM;

        cbor_put_text(packed, str_from(id));
        r = buf_error(packed);
        if (r < 0)
                return r;

        r = mon_start(a, &cal->mon, to);
        if (r < 0)
                return r;

        return snd(a, to, &(Content){n + 1, packed->data, packed->len}, /* bounded= */ false);
}

int aemp_cal(aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, aemp_cal_fn fn, void *userdata,
        const char *format, ...) {
        CalSlot *cal;
        Content content;
        va_list ap;
        int r;

        r = snd_check(a, str_from(to));
        if (r >= 0 && !fn)
                r = -EINVAL;

        va_start(ap, format);
        r = pack(r, r < 0 ? NULL : &a->outgoing.packed, &content, format, ap);
        va_end(ap);
        if (r < 0)
                return r;

        r = cal_new(a, timeout, &cal);
        if (r < 0)
                return r;

        cal->fn = fn;
        cal->userdata = userdata;
        r = cal_start(cal, str_from(to), &a->outgoing.packed, content.n);
        if (r < 0) {
                aemp_slot_unref(&cal->slot);
                return r;
        }

        slot_give(&cal->slot, ret);
        return 0;
}
