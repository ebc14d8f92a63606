/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A pairing heap: the smallest at the root, and all work put off to the removal of the root, whose children
 * are then paired up. Nodes need no memory but their own, so a timer can always be armed.
 */

#include "daemon/core/timer.h"

#include <stddef.h>

void timer_init(Timer *timer, TimerFn fn) {
        *timer = (Timer){.fn = fn};
}

static Timer *heap_meld(Timer *a, Timer *b) {
        Timer *t;

        if (!a || !b)
                return a ?: b;

        if (b->when < a->when) {
                t = a;
                a = b;
                b = t;
        }

        b->prev = a;
        b->next = a->child;
        if (b->next)
                b->next->prev = b;
        a->child = b;

        return a;
}

/* Melds a row of siblings into one heap: two by two from the left, then all from the right. */
static Timer *heap_pair(Timer *row) {
        Timer *pairs = NULL, *heap = NULL;

        while (row) {
                Timer *a = row, *b = row->next, *m;

                row = b ? b->next : NULL;
                a->next = a->prev = NULL;
                if (b)
                        b->next = b->prev = NULL;

                m = heap_meld(a, b);
                m->next = pairs;
                pairs = m;
        }

        while (pairs) {
                Timer *m = pairs;

                pairs = m->next;
                m->next = NULL;
                heap = heap_meld(heap, m);
        }

        return heap;
}

void timer_stop(Timers *timers, Timer *timer) {
        Timer *below;

        if (!timer->armed)
                return;

        below = heap_pair(timer->child);

        if (timers->first == timer) {
                timers->first = below;
        } else {
                if (timer->prev->child == timer)
                        timer->prev->child = timer->next;
                else
                        timer->prev->next = timer->next;
                if (timer->next)
                        timer->next->prev = timer->prev;

                timers->first = heap_meld(timers->first, below);
        }

        timer->child = timer->next = timer->prev = NULL;
        timer->armed = false;
}

void timer_set(Timers *timers, Timer *timer, uint64_t when) {
        timer_stop(timers, timer);

        timer->when = when;
        timer->armed = true;
        timers->first = heap_meld(timers->first, timer);
}

uint64_t timers_next(const Timers *timers) {
        return timers->first ? timers->first->when : UINT64_MAX;
}

void timers_run(Timers *timers, uint64_t now) {
        while (timers->first && timers->first->when <= now) {
                Timer *timer = timers->first;

                timer_stop(timers, timer);
                timer->fn(timer);
        }
}
