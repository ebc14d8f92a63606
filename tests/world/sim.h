/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Virtual time
 *
 * A heap of alarms and a clock that jumps from one to the next. All that happens in a simulated world is an
 * alarm or what an alarm causes, and every choice comes from `rng`: the same seed is the same story.
 */

#include <stdio.h>

#include "tests/world/rng.h"
#include "wire/list.h"

typedef struct Alarm Alarm;

struct Alarm {
        uint64_t at;
        uint64_t order; /* those at the same moment: first set, first called */
        size_t place;   /* in the heap, from 1; 0: not set */
        void (*fn)(Alarm *alarm);
};

typedef struct Sim {
        uint64_t now; /* microseconds */
        uint64_t order;
        uint64_t n_called;
        Alarm **heap;
        size_t n, cap;
        bool stop; /* sim_run() ends after this alarm */
        Rng rng;
        FILE *trace; /* NULL: none */
} Sim;

void sim_init(Sim *sim, uint64_t seed);
void sim_deinit(Sim *sim);

static inline void alarm_init(Alarm *alarm, void (*fn)(Alarm *alarm)) {
        *alarm = (Alarm){.fn = fn};
}

static inline bool alarm_is_set(const Alarm *alarm) {
        return alarm->place > 0;
}

/* Sets or moves it; a moment that is over is now. */
void alarm_set(Sim *sim, Alarm *alarm, uint64_t at);
void alarm_clear(Sim *sim, Alarm *alarm);

/* Until the clock stands at `until`, or sim->stop. */
void sim_run(Sim *sim, uint64_t until);

#define sim_trace(sim, ...) \
        do { \
                if ((sim)->trace) \
                        sim_print((sim), __VA_ARGS__); \
        } while (0)
void sim_print(Sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
