/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Timers of the program
 *
 * A repeating one keeps to its first moment's grid: what was missed is left out, and a late callback moves
 * nothing.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/timer.h"

typedef struct TimerSlot {
        aemp_slot slot;
        Timer timer;
        uint64_t interval; /* 0: once */
        aemp_fn fn;
        void *userdata;
} TimerSlot;

static void timer_slot_stop(aemp_slot *slot) {
        timer_unset(slot->a, &container_of(slot, TimerSlot, slot)->timer);
}

static const SlotType timer_slot_type = {
        .size = sizeof(TimerSlot),
        .stop = timer_slot_stop,
};

/* Microseconds until the next moment of the grid. */
static uint64_t grid_left(uint64_t due, uint64_t interval) {
        return interval - (timer_now() - due) % interval;
}

static void timer_slot_fire(aemp *a, Timer *timer) {
        TimerSlot *t = container_of(timer, TimerSlot, timer);
        aemp_port *port = t->slot.port;
        int r;

        context_enter(a, port);
        slot_pin(&t->slot);
        if (t->interval == 0)
                slot_end(&t->slot);
        else
                timer_set_spare(a, timer, grid_left(timer->due, t->interval)); /* its place is still there */

        r = t->fn(a, t->userdata);

        slot_returned(&t->slot, r);
        context_leave(a, port, r);
}

static int timer_start(
        aemp *a, aemp_slot **ret, uint64_t usec, uint64_t interval, aemp_fn fn, void *userdata) {
        TimerSlot *t;
        aemp_slot *slot;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!fn)
                return -EINVAL;

        r = slot_new(a, &timer_slot_type, &slot);
        if (r < 0)
                return r;

        t = container_of(slot, TimerSlot, slot);
        t->interval = interval;
        t->fn = fn;
        t->userdata = userdata;
        t->timer.fire = timer_slot_fire;
        r = timer_set(a, &t->timer, usec);
        if (r < 0) {
                aemp_slot_unref(slot);
                return r;
        }

        slot_give(slot, ret);
        return 0;
}

int aemp_after(aemp *a, aemp_slot **ret, uint64_t usec, aemp_fn fn, void *userdata) {
        return timer_start(a, ret, usec, 0, fn, userdata);
}

int aemp_every(aemp *a, aemp_slot **ret, uint64_t usec, aemp_fn fn, void *userdata) {
        return usec > 0 ? timer_start(a, ret, usec, usec, fn, userdata) : -EINVAL;
}
