/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/behave.h"

#include <stdlib.h>

#include "tests/world/talk.h"

struct Act {
        World *world;
        unsigned goal; /* messages */
        bool over;
        unsigned per_host; /* programs */
        uint64_t pace;     /* mean time between what one program does */
        size_t largest;    /* message */
        bool idle_readers; /* some don't read for long */
        Alarm births;
};

/* --- choosing ---------------------------------------------------------------------------------------- */

static Rng *act_rng(const Act *act) {
        return &act->world->sim.rng;
}

static size_t act_size(const Act *act) {
        Rng *rng = act_rng(act);
        unsigned kind = (unsigned) rng_below(rng, 200);

        return kind == 0    ? rng_below(rng, act->largest)
                : kind < 20 ? rng_below(rng, 4000)
                            : rng_below(rng, 60);
}

static Port *prog_live_port(Prog *prog) {
        Port *live = NULL;
        unsigned n = 0;

        LIST_FOREACH (i, &prog->ports) {
                Port *port = container_of(i, Port, by_prog);

                if (port->end == PORT_LIVES && rng_below(&prog->world->sim.rng, ++n) == 0)
                        live = port;
        }

        return live ?: prog_port(prog);
}

/* Mostly one that lives; now and then one that died, or never was. */
static Port *any_port(World *world) {
        Rng *rng = &world->sim.rng;
        Port *port = NULL;

        if (rng_percent(rng, 3))
                return host_no_port(&world->hosts[rng_between(rng, 1, world->n_hosts)], NULL);

        for (unsigned i = 0; i < 12; i++) {
                port = world->ports[rng_below(rng, world->n_ports)];
                if (!port_is_dead(port) || (port->prog && rng_percent(rng, 2)))
                        break;
        }

        if (port->prog && port->prog->prefix && rng_percent(rng, 2))
                return host_no_port(port->host, port->prog);
        return port;
}

static Talk *any_talk(Prog *prog, TalkState state) {
        Talk *talk = NULL;
        unsigned n = 0;

        LIST_FOREACH (i, &prog->talks) {
                Talk *other = container_of(i, Talk, by_prog);

                if (other->state == state && other->from->end == PORT_LIVES && !other->renewing &&
                        rng_below(&prog->world->sim.rng, ++n) == 0)
                        talk = other;
        }

        return talk;
}

static Talk *new_talk(Prog *prog) {
        World *world = prog->world;
        Rng *rng = &world->sim.rng;
        Port *from = prog_live_port(prog);
        Talk *talk;

        if (rng_percent(rng, 12))
                talk = talk_get(from, NULL, &world->hosts[rng_between(rng, 1, world->n_hosts)]);
        else
                talk = talk_get(from, any_port(world), NULL);

        if (talk->state == TALK_IDLE)
                talk_watch(talk);
        return talk;
}

/* --- acting ------------------------------------------------------------------------------------------ */

static void act_burst(const Act *act, Talk *talk) {
        static const uint64_t gaps[] = {0, 0, 300, 2000, 20000, 200000};
        Rng *rng = act_rng(act);

        talk_burst(talk, (unsigned) (1 + rng_delay(rng, 30)), gaps[rng_below(rng, 6)], act_size(act));
}

static void prog_do(Prog *prog) {
        World *world = prog->world;
        Act *act = world->act;
        Rng *rng = &world->sim.rng;
        unsigned what = (unsigned) rng_below(rng, 200);
        Talk *talk;

        if (what < 110) {
                talk = any_talk(prog, TALK_ON);
                act_burst(act, talk ?: new_talk(prog));
        } else if (what < 150) {
                act_burst(act, new_talk(prog));
        } else if (what < 158) {
                talk = any_talk(prog, TALK_ON);
                if (talk)
                        talk_unwatch(talk);
        } else if (what < 164) {
                talk = any_talk(prog, TALK_IDLE);
                if (talk && rng_percent(rng, 50))
                        talk_watch(talk);
                if (talk)
                        act_burst(act, talk);
        } else if (what < 174) {
                port_die(prog_live_port(prog), PORT_DIED);
        } else if (what < 178) {
                talk = any_talk(prog, TALK_ON);
                if (talk)
                        talk_kill(talk);
        } else if (what < 184) {
                prog_watch_nodes(prog);
        } else if (what < 187) {
                prog_pause(
                        prog, rng_delay(rng, act->idle_readers ? 20 * USEC_PER_SEC : 500 * USEC_PER_MSEC));
        } else if (what < 188) {
                prog_crash(prog);
        } else if (what < 189) {
                prog_bye(prog);
        } else {
                (void) prog_port(prog);
        }
}

static void prog_act(Alarm *alarm) {
        Prog *prog = container_of(alarm, Prog, act);
        World *world = prog->world;
        Act *act = world->act;

        if (act->over)
                return;
        if (world->sums.sent >= act->goal) {
                act->over = true;
                return;
        }

        if (prog->state == PROG_RUNNING && !prog->stream.paused)
                prog_do(prog);
        if (prog->state != PROG_OVER)
                alarm_set(&world->sim, alarm, world->sim.now + rng_below(&world->sim.rng, act->pace * 2));
}

Prog *act_prog(Host *host) {
        static const char *const framings[] = {"cbor", "cbor,json", "json", "json,cbor", "cbor"};
        World *world = host->world;
        Rng *rng = &world->sim.rng;
        Prog *prog = prog_new(host, framings[rng_below(rng, 5)]);

        if (!prog)
                return NULL;

        prog->patient = rng_percent(rng, 50);
        prog->hasty = rng_percent(rng, 50);
        prog->answer_delay = rng_percent(rng, 30) ? 0 : rng_delay(rng, 5 * USEC_PER_SEC);
        alarm_init(&prog->act, prog_act);
        alarm_set(&world->sim, &prog->act, world->sim.now + rng_below(rng, world->act->pace));
        return prog;
}

/* Those that went are followed by others. */
static void act_births(Alarm *alarm) {
        Act *act = container_of(alarm, Act, births);
        World *world = act->world;
        unsigned n[NET_HOSTS_MAX] = {0};

        if (act->over)
                return;

        for (unsigned i = 0; i < world->n_progs; i++)
                if (world->progs[i]->state != PROG_OVER)
                        n[world->progs[i]->host->index]++;
        for (unsigned i = 1; i <= world->n_hosts; i++)
                if (n[i] < act->per_host && rng_percent(&world->sim.rng, 70))
                        (void) act_prog(&world->hosts[i]);

        alarm_set(&world->sim, alarm, world->sim.now + rng_below(&world->sim.rng, USEC_PER_SEC));
}

static void act_fired(Talk *talk) {
        World *world = talk->world;
        Act *act = world->act;
        Rng *rng = &world->sim.rng;

        if (act->over || talk->from->end != PORT_LIVES || !rng_percent(rng, talk->told_dead ? 8 : 75))
                return;

        talk_renew(talk, rng_percent(rng, 40) ? 0 : rng_delay(rng, 2 * USEC_PER_SEC));
        talk->burst = (unsigned) rng_delay(rng, 12);
        talk->gap = rng_percent(rng, 50) ? 0 : rng_delay(rng, 300000);
        talk->size = act_size(act);
}

/* --- all of it --------------------------------------------------------------------------------------- */

void act_begin(World *world, unsigned messages) {
        Act *act = calloc(1, sizeof(*act));
        Rng *rng = &world->sim.rng;

        if (!act)
                abort();

        act->world = world;
        act->goal = messages;
        act->per_host = (unsigned) rng_between(rng, 1, 3);
        act->pace = act->per_host * rng_between(rng, 500, 2000) * USEC_PER_MSEC;
        act->largest = rng_percent(rng, 30) ? 300000 : 20000;
        act->idle_readers = rng_percent(rng, 30);
        alarm_init(&act->births, act_births);
        world->act = act;
        world_keep(world, act);
        world->on_fired = act_fired;

        for (unsigned i = 1; i <= world->n_hosts; i++)
                for (unsigned j = 0; j < act->per_host; j++)
                        (void) act_prog(&world->hosts[i]);
        alarm_set(&world->sim, &act->births, world->sim.now + USEC_PER_SEC);
}

bool act_is_over(World *world) {
        return world->act->over;
}

void act_end(World *world) {
        world->act->over = true;
        for (unsigned i = 0; i < world->n_progs; i++) {
                Prog *prog = world->progs[i];

                if (prog->state != PROG_OVER && prog->stream.paused)
                        alarm_set(&world->sim, &prog->wake, world->sim.now);
        }
}
