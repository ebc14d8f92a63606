/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls
 *
 * A port for the reply, a monitor on who is called, a timer: whichever comes first ends the call and the
 * others with it. The monitor is there before the message, so that the call ends when the message is lost,
 * too. Who knows the reply port may kill it in place of an answer.
 *
 * Two ends are ours to notice. aempd may refuse a request, and then nobody replies; its `refused` carries
 * the request's arguments, and so the reply port. And a reply to an ID from before aempd went away goes
 * nowhere.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/cal.h"
#include "libclient/reason.h"
#include "libclient/wait.h"
#include "wire/cbor.h"
#include "wire/id.h"

/* The end of a call that the program waits for. */
typedef struct CalEnd {
        bool reached;
        int error;
        aemp_msg *msg;
} CalEnd;

struct CalSlot {
        aemp_slot slot;
        Mon mon;
        Timer timer;
        aemp_port *reply;
        aemp_cal_fn fn;
        void *userdata;
        CalEnd *end; /* NULL: fn is called */
};

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

/* Nobody is called, and the slot belongs to who waits. */
static void cal_reach_end(aemp *a, CalSlot *cal, int error, const Content *content) {
        CalEnd *end = cal->end;
        aemp_msg msg;

        message_init(&msg, &a->context, content);
        end->msg = aemp_msg_ref(&msg);
        end->error = end->msg ? error : -ENOMEM;
        end->reached = true;
        a->cal_wait = NULL;
        slot_end(&cal->slot);
}

static void cal_end(aemp *a, CalSlot *cal, int error, const Content *content) {
        aemp_port *port = cal->slot.port;
        aemp_msg msg;
        int r;

        if (cal->end) {
                cal_reach_end(a, cal, error, content);
                return;
        }

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

bool cal_kil(aemp_port *port, const Content *reason) {
        CalSlot *cal = cal_of(port);

        if (!cal)
                return false;

        cal_end(port->a, cal, -ECONNRESET, reason);
        return true;
}

static CalSlot *cal_by_id(aemp *a, Str id) {
        aemp_port *port;
        uint64_t number;

        if (!home_read_id(&a->home, id, &number))
                return NULL;

        port = port_find(a, number);
        return port ? cal_of(port) : NULL;
}

bool cal_is_reply(const aemp_port *port) {
        return !!cal_of(port);
}

bool cal_is_open(aemp *a, Str id) {
        return !!cal_by_id(a, id);
}

bool cal_refuse(aemp *a, Str id, const Content *reason) {
        CalSlot *cal = cal_by_id(a, id);

        if (!cal)
                return false;

        cal_end(a, cal, -ECONNREFUSED, reason);
        return true;
}

static bool cal_wait_is_for(const aemp_port *port) {
        return port->a->cal_wait && cal_of(port) == port->a->cal_wait;
}

bool cal_wait_reply(aemp_port *port, const Content *content) {
        return cal_wait_is_for(port) && cal_deliver(port, content);
}

bool cal_wait_kil(aemp_port *port, const Content *reason) {
        return cal_wait_is_for(port) && cal_kil(port, reason);
}

void cal_wait_died(aemp *a, const Watch *watch, const Content *reason) {
        CalSlot *cal = a->cal_wait;

        if (cal && cal->mon.watch == watch)
                cal_end(a, cal, -ECONNRESET, reason);
}

bool cal_wait_refused(aemp *a, Str id, const Content *reason) {
        CalSlot *cal = a->cal_wait;

        if (!cal || cal_by_id(a, id) != cal)
                return false;

        cal_end(a, cal, -ECONNREFUSED, reason);
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

/* The elements are in the buffer, n of them. */
static int cal_send(
        aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, const CalSlot *how, uint64_t n) {
        CalSlot *cal;
        int r;

        r = cal_new(a, timeout, &cal);
        if (r < 0)
                return r;

        cal->fn = how->fn;
        cal->userdata = how->userdata;
        cal->end = how->end;
        r = cal_start(cal, str_from(to), &a->outgoing.packed, n);
        if (r < 0) {
                aemp_slot_unref(&cal->slot);
                return r;
        }

        slot_give(&cal->slot, ret);
        return 0;
}

int aemp_cal(aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, aemp_cal_fn fn, void *userdata,
        const char *format, ...) {
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

        return cal_send(a, ret, to, timeout, &(CalSlot){.fn = fn, .userdata = userdata}, content.n);
}

int aemp_cal_json(aemp *a, aemp_slot **ret, const char *to, uint64_t timeout, aemp_cal_fn fn, void *userdata,
        json_t *array) {
        Content content;
        int r;

        r = snd_check(a, str_from(to));
        if (r >= 0)
                r = fn ? pack_json(&a->outgoing.packed, &content, array) : -EINVAL;
        if (r < 0)
                return r;

        return cal_send(a, ret, to, timeout, &(CalSlot){.fn = fn, .userdata = userdata}, content.n);
}

/* --- waiting for it --------------------------------------------------------------------------------- */

/* A death that was kept for other monitors is one for this call, too. */
static void cal_look_at_deaths(aemp *a, const CalSlot *cal, Str to) {
        Content reason;

        if (kept_death(a, to, &reason))
                cal_wait_died(a, cal->mon.watch, &reason);
}

/* While the death of something on that node is kept, `down` can't be answered, and the call not go out. */
static void cal_look_at_node(aemp *a, const CalSlot *cal, Str to) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason;
        Str node, port;

        port_id_split(to, &node, &port);
        if (!held_is(a, node) || !kept_has_death_on(a, node))
                return;

        reason = reason_make(&buf, STR_LIT("transport_error"), node,
                STR_LIT("it went down, and its monitors have yet to be told"));
        cal_wait_died(a, cal->mon.watch, &reason);
}

static int cal_wait(aemp *a, CalSlot *cal, Wait *wait, Str to) {
        CalEnd *end = cal->end;
        int r = 0;

        a->cal_wait = cal;
        watches_settle(a); /* not before: a call after the other costs one monitor */
        cal_look_at_deaths(a, cal, to);
        while (r >= 0 && !end->reached) {
                cal_look_at_node(a, cal, to);
                if (!end->reached)
                        r = wait_more(wait, a);
        }
        a->cal_wait = NULL;

        return end->reached ? end->error : r;
}

/* A port of ours can't answer while we wait. 1: it is dead. */
static int cal_wait_check_own(aemp *a, Str to) {
        Str node, name;
        uint64_t number;

        port_id_split(to, &node, &name);
        if (!str_is(node, a->home.node) || name.n == 0)
                return 0;
        if (port_by_name(a, name))
                return -EDEADLK;

        return home_read_name(&a->home, name, &number);
}

static int own_is_dead(aemp *a, Str to, aemp_msg **ret) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason = reason_no_such_port(&buf, to);
        aemp_msg msg, *kept;

        message_init(&msg, &a->context, &reason);
        kept = aemp_msg_ref(&msg);
        if (!kept)
                return -ENOMEM;

        *ret = kept;
        return -ECONNRESET;
}

int aemp_cal_wait(aemp *a, aemp_msg **ret, const char *to, uint64_t timeout, const char *format, ...) {
        aemp_slot *slot;
        Content content;
        CalEnd end = {0};
        Wait wait;
        va_list ap;
        int r;

        r = snd_check(a, str_from(to));
        if (r >= 0)
                r = ret ? wait_start(&wait, a, timeout) : -EINVAL;
        if (r >= 0)
                r = cal_wait_check_own(a, str_from(to));
        if (r > 0)
                r = own_is_dead(a, str_from(to), ret);

        va_start(ap, format);
        r = pack(r, r < 0 ? NULL : &a->outgoing.packed, &content, format, ap);
        va_end(ap);
        if (r >= 0)
                r = cal_send(a, &slot, to, AEMP_INFINITE, &(CalSlot){.end = &end}, content.n);
        if (r < 0)
                return r;

        r = cal_wait(a, container_of(slot, CalSlot, slot), &wait, str_from(to));
        aemp_slot_unref(slot);
        wait_end(a);
        if (end.reached && end.msg)
                *ret = end.msg;
        return r;
}
