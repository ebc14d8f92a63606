/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Things to do at a time
 *
 * A heap. The loop looks at its first one only, and only at the end of a turn.
 */

#include <stddef.h>
#include <stdint.h>

#include "libclient/public.h"

typedef struct Timer Timer;

/* The timer is not set any more. */
typedef void (*TimerFire)(aemp *a, Timer *timer);

struct Timer {
        uint64_t due; /* CLOCK_MONOTONIC, in microseconds */
        size_t place; /* in the heap, from 1; 0: not set */
        TimerFire fire;
};

typedef struct Timers {
        Timer **heap;
        size_t n;
        size_t cap;
} Timers;

/* With room for one more than is ever used by timer_set(), which timer_set_spare() never lacks. */
int timers_init(Timers *timers);
void timers_deinit(Timers *timers);

uint64_t timer_now(void);

/* Sets or moves it, `usec` from now. -ENOMEM. */
int timer_set(aemp *a, Timer *timer, uint64_t usec);
/* For the one timer that must always work. */
void timer_set_spare(aemp *a, Timer *timer, uint64_t usec);
void timer_unset(aemp *a, Timer *timer);

/* When the next one is due; UINT64_MAX: never. */
uint64_t timers_due(const Timers *timers);
/* Fires those that are due, but none that is set meanwhile. */
void timers_run(aemp *a);
