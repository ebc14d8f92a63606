/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Timers
 *
 * An intrusive heap of moments. Arming, moving and stopping one allocates nothing and can't fail.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct Timer Timer;
typedef void (*TimerFn)(Timer *timer);

struct Timer {
        TimerFn fn;
        uint64_t when;
        bool armed;
        /* pairing heap: first child, next sibling, and parent or previous sibling */
        Timer *child;
        Timer *next;
        Timer *prev;
};

typedef struct Timers {
        Timer *first;
} Timers;

void timer_init(Timer *timer, TimerFn fn);
/* Arms it, or moves it. */
void timer_set(Timers *timers, Timer *timer, uint64_t when);
void timer_stop(Timers *timers, Timer *timer);

/* When the next one is due, UINT64_MAX without any. */
uint64_t timers_next(const Timers *timers);
/* Calls all that are due at `now`, each of them stopped before its call. What they arm for `now` is called
 * too. */
void timers_run(Timers *timers, uint64_t now);
