/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

void sim_init(Sim *sim, uint64_t seed) {
        *sim = (Sim){0};
        rng_init(&sim->rng, seed);
}

void sim_deinit(Sim *sim) {
        free(sim->heap);
        *sim = (Sim){0};
}

static bool alarm_before(const Alarm *a, const Alarm *b) {
        return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void heap_put(Sim *sim, size_t place, Alarm *alarm) {
        sim->heap[place - 1] = alarm;
        alarm->place = place;
}

static void heap_up(Sim *sim, Alarm *alarm) {
        size_t place = alarm->place;

        while (place > 1 && alarm_before(alarm, sim->heap[place / 2 - 1])) {
                heap_put(sim, place, sim->heap[place / 2 - 1]);
                place /= 2;
        }
        heap_put(sim, place, alarm);
}

static void heap_down(Sim *sim, Alarm *alarm) {
        size_t place = alarm->place;

        for (;;) {
                size_t child = place * 2;

                if (child > sim->n)
                        break;
                if (child < sim->n && alarm_before(sim->heap[child], sim->heap[child - 1]))
                        child++;
                if (!alarm_before(sim->heap[child - 1], alarm))
                        break;
                heap_put(sim, place, sim->heap[child - 1]);
                place = child;
        }
        heap_put(sim, place, alarm);
}

void alarm_set(Sim *sim, Alarm *alarm, uint64_t at) {
        if (!alarm_is_set(alarm)) {
                if (sim->n == sim->cap) {
                        sim->cap = sim->cap ? sim->cap * 2 : 256;
                        sim->heap = realloc(sim->heap, sim->cap * sizeof(*sim->heap));
                        if (!sim->heap)
                                abort();
                }
                heap_put(sim, ++sim->n, alarm);
        }

        alarm->at = at > sim->now ? at : sim->now;
        alarm->order = ++sim->order;
        heap_up(sim, alarm);
        heap_down(sim, alarm);
}

void alarm_clear(Sim *sim, Alarm *alarm) {
        Alarm *last;
        size_t place = alarm->place;

        if (!alarm_is_set(alarm))
                return;

        alarm->place = 0;
        last = sim->heap[--sim->n];
        if (last == alarm)
                return;

        heap_put(sim, place, last);
        heap_up(sim, last);
        heap_down(sim, last);
}

void sim_run(Sim *sim, uint64_t until) {
        while (!sim->stop && sim->n > 0 && sim->heap[0]->at <= until) {
                Alarm *alarm = sim->heap[0];

                alarm_clear(sim, alarm);
                sim->now = alarm->at;
                sim->n_called++;
                alarm->fn(alarm);
        }

        if (!sim->stop && sim->now < until)
                sim->now = until;
}

void sim_print(Sim *sim, const char *format, ...) {
        va_list ap;

        fprintf(sim->trace, "%4" PRIu64 ".%06" PRIu64 " ", sim->now / 1000000, sim->now % 1000000);
        va_start(ap, format);
        vfprintf(sim->trace, format, ap);
        va_end(ap);
        fputc('\n', sim->trace);
}
