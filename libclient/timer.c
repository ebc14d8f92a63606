/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Things to do at a time
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libclient/aemp.h"
#include "libclient/timer.h"

int timers_init(Timers *timers) {
        timers->cap = 8;
        timers->heap = calloc(timers->cap, sizeof(*timers->heap));
        return timers->heap ? 0 : -ENOMEM;
}

void timers_deinit(Timers *timers) {
        free(timers->heap);
        *timers = (Timers){0};
}

uint64_t timer_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static void heap_put(Timers *timers, size_t place, Timer *timer) {
        timers->heap[place - 1] = timer;
        timer->place = place;
}

/* Lets the timer find its place, from here up or down. */
static void heap_settle(Timers *timers, size_t place, Timer *timer) {
        for (; place > 1 && timers->heap[place / 2 - 1]->due > timer->due; place /= 2)
                heap_put(timers, place, timers->heap[place / 2 - 1]);

        for (;;) {
                size_t child = place * 2;

                if (child < timers->n && timers->heap[child]->due < timers->heap[child - 1]->due)
                        child++;
                if (child > timers->n || timers->heap[child - 1]->due >= timer->due)
                        break;

                heap_put(timers, place, timers->heap[child - 1]);
                place = child;
        }

        heap_put(timers, place, timer);
}

static int timers_reserve(Timers *timers) {
        Timer **heap;

        if (timers->n + 1 < timers->cap)
                return 0;

        heap = reallocarray(timers->heap, timers->cap * 2, sizeof(*heap));
        if (!heap)
                return -ENOMEM;

        timers->heap = heap;
        timers->cap *= 2;
        return 0;
}

void timer_set_spare(aemp *a, Timer *timer, uint64_t usec) {
        uint64_t now = timer_now();

        timer->due = usec > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + usec;
        heap_settle(&a->timers, timer->place > 0 ? timer->place : ++a->timers.n, timer);
        loop_touch(a);
}

int timer_set(aemp *a, Timer *timer, uint64_t usec) {
        int r;

        if (timer->place == 0) {
                r = timers_reserve(&a->timers);
                if (r < 0)
                        return r;
        }

        timer_set_spare(a, timer, usec);
        return 0;
}

void timer_unset(aemp *a, Timer *timer) {
        Timers *timers = &a->timers;
        size_t place = timer->place;
        Timer *last;

        if (place == 0)
                return;

        timer->place = 0;
        last = timers->heap[--timers->n];
        if (last != timer)
                heap_settle(timers, place, last);
}

uint64_t timers_due(const Timers *timers) {
        return timers->n > 0 ? timers->heap[0]->due : UINT64_MAX;
}

void timers_run(aemp *a) {
        uint64_t now;

        if (a->timers.n == 0)
                return;

        now = timer_now();
        while (a->timers.n > 0 && a->timers.heap[0]->due <= now) {
                Timer *timer = a->timers.heap[0];

                timer_unset(a, timer);
                timer->fire(a, timer);
        }
}
