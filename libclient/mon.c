/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Monitors
 *
 * Three things to do when a port dies, one slot for each. Where the port is one of ours, aempd has no part
 * in it.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/mon.h"
#include "libclient/reason.h"
#include "wire/id.h"

typedef struct MonSlot {
        aemp_slot slot;
        Mon mon;

        /* aemp_mon() */
        aemp_mon_fn fn;
        void *userdata;

        /* aemp_mon_snd() */
        char *to;
        uint64_t number; /* of our port that it means, whatever that is called by then; 0: not ours */
        uint64_t n;
        Buf content;
} MonSlot;

void mon_init(Mon *mon, MonFire fire) {
        list_init(&mon->link);
        mon->fire = fire;
}

/* Nobody can tell any more how it died: the monitor fires in the next turn. */
static int mon_too_late(aemp *a, Mon *mon, Str id) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason;
        Death *death;
        int r;

        r = death_new(&death, id);
        if (r < 0)
                return r;

        reason = reason_no_such_port(&buf, id);
        death_set_reason(death, &reason);
        list_append(&death->mons, &mon->link);
        local_death(a, death);
        return 0;
}

static int mon_start_local(aemp *a, Mon *mon, Str id, uint64_t number) {
        aemp_port *port = port_find(a, number);
        PortMore *more;
        int r;

        if (!port)
                return mon_too_late(a, mon, id);

        more = port_more(port);
        if (!more)
                return -ENOMEM;

        if (!more->death) {
                r = death_new(&more->death, id);
                if (r < 0)
                        return r;
        }

        list_append(&more->death->mons, &mon->link);
        return 0;
}

int mon_start(aemp *a, Mon *mon, Str id) {
        uint64_t number;
        Watch *watch;
        int r;

        if (home_read_id(&a->home, id, &number))
                return mon_start_local(a, mon, id, number);
        if (a->state != STATE_ATTACHED)
                return -ENOTCONN;

        r = watch_get(a, id, &watch);
        if (r < 0)
                return r;

        mon->watch = watch;
        list_append(&watch->death->mons, &mon->link);
        return 0;
}

void mon_stop(aemp *a, Mon *mon) {
        list_unlink(&mon->link);
        if (mon->watch)
                watch_dropped(a, mon->watch);
        mon->watch = NULL;
}

static void mon_slot_stop(aemp_slot *slot) {
        mon_stop(slot->a, &container_of(slot, MonSlot, slot)->mon);
}

static void mon_slot_deinit(aemp_slot *slot) {
        MonSlot *m = container_of(slot, MonSlot, slot);

        free(m->to);
        buf_deinit(&m->content);
}

static const SlotType mon_slot_type = {
        .size = sizeof(MonSlot),
        .stop = mon_slot_stop,
        .deinit = mon_slot_deinit,
};

/* The port is the one that is to die. */
static const SlotType mon_kil_slot_type = {
        .size = sizeof(MonSlot),
        .has_port = true,
        .stop = mon_slot_stop,
        .deinit = mon_slot_deinit,
};

static void fire_call(aemp *a, Mon *mon, const char *id, const Content *reason) {
        MonSlot *m = container_of(mon, MonSlot, mon);
        aemp_port *port = m->slot.port;
        aemp_msg msg;
        int r;

        context_enter(a, port);
        slot_pin(&m->slot);
        slot_end(&m->slot);

        message_init(&msg, &a->context, reason);
        r = m->fn(a, id, &msg, m->userdata);
        message_deinit(&msg);

        slot_unpin(&m->slot);
        context_leave(a, port, r);
}

static void fire_kil(aemp *a, Mon *mon, const char *id, const Content *reason) {
        MonSlot *m = container_of(mon, MonSlot, mon);
        aemp_port *port = m->slot.port;

        slot_end(&m->slot);
        if (reason->n > 0)
                port_die(port, reason);
}

/* Who was to be told may be away by now, with aempd; then he was told that we are. One of ours that was
 * spawned is reached through aempd, too, as long as that is there. */
static void fire_snd(aemp *a, Mon *mon, const char *id, const Content *reason) {
        MonSlot *m = container_of(mon, MonSlot, mon);
        aemp_port *port = m->number > 0 ? port_find(a, m->number) : NULL;
        bool away = m->number == 0 || (port && port->named && a->state == STATE_ATTACHED);
        Content content;

        if (reason->size > 0)
                buf_put(&m->content, reason->data, reason->size);
        content = (Content){m->n + reason->n, m->content.data, m->content.len};

        if (buf_error(&m->content) == 0 && !away)
                (void) local_put(a, LOCAL_MESSAGE, m->number, &content);
        else if (buf_error(&m->content) == 0)
                (void) snd(a, str_from(m->to), &content, /* bounded= */ false);

        slot_end(&m->slot);
}

/* Checks what all forms have in common. */
static int mon_check(aemp *a, const char *id) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        return id_check(str_from(id));
}

static int mon_slot_new(aemp *a, const SlotType *type, MonFire fire, MonSlot **ret) {
        aemp_slot *slot;
        int r;

        r = slot_new(a, type, &slot);
        if (r < 0)
                return r;

        *ret = container_of(slot, MonSlot, slot);
        mon_init(&(*ret)->mon, fire);
        return 0;
}

static int mon_slot_start(MonSlot *m, const char *id, aemp_slot **ret) {
        int r;

        r = mon_start(m->slot.a, &m->mon, str_from(id));
        if (r < 0) {
                aemp_slot_unref(&m->slot);
                return r;
        }

        slot_give(&m->slot, ret);
        return 0;
}

int aemp_mon(aemp *a, aemp_slot **ret, const char *id, aemp_mon_fn fn, void *userdata) {
        MonSlot *m;
        int r;

        r = mon_check(a, id);
        if (r < 0)
                return r;
        if (!fn)
                return -EINVAL;

        r = mon_slot_new(a, &mon_slot_type, fire_call, &m);
        if (r < 0)
                return r;

        m->fn = fn;
        m->userdata = userdata;
        return mon_slot_start(m, id, ret);
}

int aemp_mon_kil(aemp *a, aemp_slot **ret, const char *id, aemp_port *port) {
        MonSlot *m;
        int r;

        r = mon_check(a, id);
        if (r < 0)
                return r;
        if (!port)
                return -EINVAL;
        if (port->a != a)
                return port->a ? -EINVAL : -ESTALE;

        r = mon_slot_new(a, &mon_kil_slot_type, fire_kil, &m);
        if (r < 0)
                return r;

        r = port_adopt(port, &m->slot);
        if (r < 0) {
                aemp_slot_unref(&m->slot);
                return r;
        }
        return mon_slot_start(m, id, ret);
}

/* Of a port of ours, else 0. */
static uint64_t number_of(aemp *a, Str id) {
        Str node, name;
        aemp_port *port;
        uint64_t number;

        if (home_read_id(&a->home, id, &number))
                return number;

        port_id_split(id, &node, &name);
        port = str_is(node, a->home.node) ? port_by_name(a, name) : NULL;
        return port ? port->number : 0;
}

int aemp_mon_snd(aemp *a, aemp_slot **ret, const char *id, const char *to, const char *format, ...) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content content;
        MonSlot *m;
        va_list ap;
        int r;

        r = mon_check(a, id);
        if (r >= 0)
                r = id_check(str_from(to));

        va_start(ap, format);
        r = pack(r, &buf, &content, format, ap);
        va_end(ap);
        if (r < 0)
                return r;

        r = mon_slot_new(a, &mon_slot_type, fire_snd, &m);
        if (r < 0)
                return r;

        m->number = number_of(a, str_from(to));
        m->n = content.n;
        m->content = buf;
        buf = BUF_INIT;
        m->to = strdup(to);
        if (!m->to) {
                aemp_slot_unref(&m->slot);
                return -ENOMEM;
        }

        return mon_slot_start(m, id, ret);
}
