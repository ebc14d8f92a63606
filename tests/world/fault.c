/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/fault.h"

#include <stdlib.h>

#include "tests/world/talk.h"

/* The end of a fault. */
typedef struct Mend {
        Alarm alarm;
        World *world;
        unsigned a, b; /* b = 0: the host itself */
} Mend;

static void mend(Alarm *alarm) {
        Mend *m = container_of(alarm, Mend, alarm);
        World *world = m->world;
        Host *host = &world->hosts[m->a];

        if (m->b > 0) {
                sim_trace(&world->sim, "%s and %s: the path heals", host->id, world->hosts[m->b].id);
                net_heal(&world->net, m->a, m->b);
                net_heal(&world->net, m->b, m->a);
        } else {
                host_thaw(host);
                if (!host->node)
                        host_start(host);
        }

        m->world = NULL;
}

static void mend_later(World *world, unsigned a, unsigned b, uint64_t delay) {
        Mend *m = calloc(1, sizeof(*m));

        if (!m)
                abort();

        *m = (Mend){.world = world, .a = a, .b = b};
        alarm_init(&m->alarm, mend);
        alarm_set(&world->sim, &m->alarm, world->sim.now + delay);
        world_keep(world, m);
}

/* --- kinds ------------------------------------------------------------------------------------------- */

static void fault_cut(World *world, unsigned a, unsigned b, uint64_t length) {
        world_cut(world, a, b, /* there= */ true, /* back= */ true);
        mend_later(world, a, b, length);
}

static void fault_cut_one_way(World *world, unsigned a, unsigned b, uint64_t length) {
        world_cut(world, a, b, /* there= */ true, /* back= */ false);
        mend_later(world, a, b, length);
}

static void fault_isolate(World *world, unsigned a, unsigned b, uint64_t length) {
        for (unsigned i = 1; i <= world->n_hosts; i++)
                if (i != a) {
                        world_cut(world, a, i, /* there= */ true, /* back= */ true);
                        mend_later(world, a, i, length);
                }
}

static void fault_kill(World *world, unsigned a, unsigned b, uint64_t length) {
        host_crash(&world->hosts[a], /* silent= */ false);
        mend_later(world, a, 0, 1000 + length);
}

static void fault_power(World *world, unsigned a, unsigned b, uint64_t length) {
        host_crash(&world->hosts[a], /* silent= */ true);
        mend_later(world, a, 0, 1000 + length);
}

/* Much is said to that host, or to that program. */
static void flood(World *world, const Host *host, const Prog *prog) {
        Rng *rng = &world->sim.rng;
        size_t size = rng_delay(rng, 16000);

        for (unsigned i = 0; i < world->n_talks; i++) {
                Talk *talk = world->talks[i];

                if (talk->state == TALK_ON && talk->to && !port_is_dead(talk->to) &&
                        talk->to->host == host && (!prog || talk->to->prog == prog))
                        talk_burst(talk, (unsigned) rng_between(rng, 5, 25), rng_delay(rng, 1000), size);
        }
}

/* Two nodes are started again, each where the other was: what is known of their addresses is wrong. */
static void fault_swap(World *world, unsigned a, unsigned b, uint64_t length) {
        Host *one = &world->hosts[a], *other = &world->hosts[b];
        unsigned place = one->place;

        /* some would not be among anybody's seeds any more; and whoever is connected with the node that is
         * where a hub was does not look up the hub's name again */
        if (world->config.topology == TOPOLOGY_HALF ||
                (world->config.topology == TOPOLOGY_HUBS && (a <= world->n_hubs || b <= world->n_hubs)))
                return;

        host_crash(one, /* silent= */ false);
        host_crash(other, /* silent= */ false);
        sim_trace(&world->sim, "%s and %s change places", one->id, other->id);
        net_set_dark(&world->net, one->place, false);
        net_set_dark(&world->net, other->place, false);
        host_move(one, other->place);
        host_move(other, place);
        world_set_seeds(world);
        mend_later(world, a, 0, 1000 + length);
        mend_later(world, b, 0, 1000 + length / 2);
}

static void fault_freeze(World *world, unsigned a, unsigned b, uint64_t length) {
        if (!world->hosts[a].node)
                return;

        host_freeze(&world->hosts[a]);
        flood(world, &world->hosts[a], NULL);
        mend_later(world, a, 0, length);
}

static void fault_reset(World *world, unsigned a, unsigned b, uint64_t length) {
        sim_trace(&world->sim, "%s and %s: reset", world->hosts[a].id, world->hosts[b].id);
        net_reset(&world->net, world->hosts[a].place, world->hosts[b].place, /* both= */ false);
}

/* All that programs on `a` watch or send on `b` begins anew. */
static void fault_provoke(World *world, const Host *a, const Host *b) {
        Rng *rng = &world->sim.rng;

        for (unsigned i = 0; i < world->n_talks; i++) {
                Talk *talk = world->talks[i];

                if (talk->prog->state != PROG_RUNNING || talk->prog->host != a || talk_host(talk) != b)
                        continue;
                if (talk->state == TALK_IDLE && !talk->told_dead)
                        talk_watch(talk);
                talk_burst(talk, (unsigned) rng_between(rng, 1, 6), rng_delay(rng, 400), 10);
        }
}

/* Both ends lose the connection at once, and both have something to say. */
static void fault_meet(World *world, unsigned a, unsigned b, uint64_t length) {
        sim_trace(&world->sim, "%s and %s: both reset", world->hosts[a].id, world->hosts[b].id);
        net_reset(&world->net, world->hosts[a].place, world->hosts[b].place, /* both= */ true);
        fault_provoke(world, &world->hosts[a], &world->hosts[b]);
        fault_provoke(world, &world->hosts[b], &world->hosts[a]);
}

static Prog *any_prog(World *world, unsigned host) {
        Prog *prog = NULL;
        unsigned n = 0;

        for (unsigned i = 0; i < world->n_progs; i++)
                if (world->progs[i]->state == PROG_RUNNING && world->progs[i]->host->index == host &&
                        rng_below(&world->sim.rng, ++n) == 0)
                        prog = world->progs[i];

        return prog;
}

/* A program doesn't read while many have much to say to it. */
static void fault_slow(World *world, unsigned a, unsigned b, uint64_t length) {
        Prog *prog = any_prog(world, a);

        if (!prog)
                return;

        prog_pause(prog, length);
        flood(world, prog->host, prog);
}

static void fault_prog(World *world, unsigned a, unsigned b, uint64_t length) {
        Prog *prog = any_prog(world, a);

        if (prog && rng_percent(&world->sim.rng, 70))
                prog_crash(prog);
        else if (prog)
                prog_bye(prog);
}

static void fault_latency(World *world, unsigned a, unsigned b, uint64_t length) {
        world->net.latency[a][b] = rng_delay(&world->sim.rng, 200000);
        world->net.latency[b][a] = rng_delay(&world->sim.rng, 200000);
}

/* Some more of it within the time of a handshake or two. */
typedef struct Flap {
        Alarm alarm;
        World *world;
        Host *a, *b; /* b NULL: the node itself starts and stops */
        unsigned left;
} Flap;

static void flap(Alarm *alarm) {
        Flap *f = container_of(alarm, Flap, alarm);
        World *world = f->world;
        Rng *rng = &world->sim.rng;
        uint64_t trip = 1000 + 2 * world->net.latency[f->a->place][f->b ? f->b->place : 1];

        if (world->calm)
                return;

        if (f->b)
                net_reset(&world->net, f->a->place, f->b->place, rng_percent(rng, 50));
        else if (f->a->node)
                host_crash(f->a, rng_percent(rng, 70));
        else
                host_start(f->a);

        if (f->left-- > 0)
                alarm_set(&world->sim, alarm,
                        world->sim.now + (f->b ? rng_below(rng, trip * 2) : rng_delay(rng, trip * 1000)));
        else if (!f->a->node)
                host_start(f->a);
}

static void flap_begin(World *world, Host *a, Host *b) {
        Flap *f = calloc(1, sizeof(*f));

        if (!f)
                abort();

        sim_trace(&world->sim, "%s flaps%s%s", a->id, b ? " with " : "", b ? b->id : "");
        *f = (Flap){.world = world, .a = a, .b = b, .left = (unsigned) rng_between(&world->sim.rng, 2, 12)};
        alarm_init(&f->alarm, flap);
        alarm_set(&world->sim, &f->alarm, world->sim.now);
        world_keep(world, f);
}

static void fault_flap(World *world, unsigned a, unsigned b, uint64_t length) {
        flap_begin(world, &world->hosts[a], &world->hosts[b]);
        fault_provoke(world, &world->hosts[a], &world->hosts[b]);
        fault_provoke(world, &world->hosts[b], &world->hosts[a]);
}

static void fault_stutter(World *world, unsigned a, unsigned b, uint64_t length) {
        flap_begin(world, &world->hosts[a], NULL);
}

typedef void (*FaultFn)(World *world, unsigned a, unsigned b, uint64_t length);

static const FaultFn faults[] = {fault_cut, fault_cut, fault_cut_one_way, fault_cut_one_way, fault_isolate,
        fault_kill, fault_power, fault_freeze, fault_reset, fault_reset, fault_meet, fault_meet, fault_flap,
        fault_flap, fault_stutter, fault_slow, fault_slow, fault_swap, fault_prog, fault_latency};

void fault_any(World *world) {
        Rng *rng = &world->sim.rng;
        unsigned a = (unsigned) rng_between(rng, 1, world->n_hosts),
                 b = (unsigned) rng_between(rng, 1, world->n_hosts - 1);
        uint64_t longest = world->node_config.monitor_timeout * 3 / 2;

        if (b >= a)
                b++;
        world->sums.faults++;
        faults[rng_below(rng, sizeof(faults) / sizeof(faults[0]))](
                world, a, b, rng_percent(rng, 50) ? rng_delay(rng, longest) : rng_below(rng, longest));
}
