/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The simulator itself: a test bench that is wrong proves nothing
 */

#include "tests/unit/test.h"

#include <stdlib.h>

#include "tests/world/behave.h"
#include "tests/world/fault.h"
#include "tests/world/pipe.h"

/* --- time -------------------------------------------------------------------------------------------- */

typedef struct Mark {
        Alarm alarm;
        Sim *sim;
        uint64_t at;
} Mark;

static uint64_t last_mark;
static unsigned n_marks;

static void mark(Alarm *alarm) {
        Mark *m = container_of(alarm, Mark, alarm);

        check_int(m->sim->now, ==, m->at);
        check_int(m->at, >=, last_mark);
        last_mark = m->at;
        n_marks++;
}

TEST(alarms_in_order) {
        Mark marks[500];
        unsigned cleared = 0;
        Sim sim;

        sim_init(&sim, 1);
        for (int i = 0; i < 500; i++) {
                marks[i] = (Mark){.sim = &sim, .at = rng_below(&sim.rng, 1000)};
                alarm_init(&marks[i].alarm, mark);
                alarm_set(&sim, &marks[i].alarm, rng_below(&sim.rng, 1000));
        }
        for (int i = 0; i < 500; i++)
                if (rng_percent(&sim.rng, 20)) {
                        alarm_clear(&sim, &marks[i].alarm);
                        cleared++;
                } else {
                        alarm_set(&sim, &marks[i].alarm, marks[i].at);
                }

        sim_run(&sim, 1000);
        check_int(n_marks + cleared, ==, 500);
        check_int(sim.now, ==, 1000);
        sim_deinit(&sim);
}

TEST(delays_within_bounds) {
        Rng rng;

        rng_init(&rng, 1);
        for (int i = 0; i < 10000; i++) {
                check_int(rng_delay(&rng, 1000), <=, 1000);
                check_int(rng_between(&rng, 5, 7), >=, 5);
                check_int(rng_between(&rng, 5, 7), <=, 7);
        }
        check_int(rng_delay(&rng, 0), ==, 0);
}

/* --- pipes ------------------------------------------------------------------------------------------- */

typedef struct Tube {
        Pipe pipe;
        Sim sim;
        bool cut, back_cut;
        bool expired, refused;
        unsigned received;
} Tube;

static bool tube_open(Pipe *pipe) {
        return !container_of(pipe, Tube, pipe)->cut;
}

static bool tube_back_open(Pipe *pipe) {
        return !container_of(pipe, Tube, pipe)->back_cut;
}

static void tube_readable(Pipe *pipe) {
        Tube *tube = container_of(pipe, Tube, pipe);
        const uint8_t *p;
        size_t n;

        while ((n = pipe_peek(pipe, &p)) > 0) {
                for (size_t i = 0; i < n; i++)
                        check_int(p[i], ==, (uint8_t) tube->received++);
                pipe_consume(pipe, n);
        }
}

static void tube_writable(Pipe *pipe) {
}

static void tube_nobody(Pipe *pipe) {
        container_of(pipe, Tube, pipe)->refused = true;
}

static void tube_expired(Pipe *pipe) {
        container_of(pipe, Tube, pipe)->expired = true;
}

static const PipeOps tube_ops = {
        .open = tube_open,
        .back_open = tube_back_open,
        .readable = tube_readable,
        .writable = tube_writable,
        .nobody = tube_nobody,
        .expired = tube_expired,
};

static void tube_init(Tube *tube, uint64_t seed) {
        *tube = (Tube){0};
        sim_init(&tube->sim, seed);
        pipe_init(&tube->pipe, &tube->sim, &tube_ops);
        tube->pipe.latency = 1000;
        tube->pipe.jitter = 500;
        tube->pipe.tiny = 50;
        tube->pipe.timeout = 1000000;
}

static void tube_deinit(Tube *tube) {
        pipe_deinit(&tube->pipe);
        sim_deinit(&tube->sim);
}

/* n octets, counting on from `from`. */
static size_t tube_put(Tube *tube, unsigned from, size_t n) {
        Queue queue = QUEUE_INIT;
        uint8_t octet;
        size_t put;

        for (size_t i = 0; i < n; i++) {
                octet = (uint8_t) (from + i);
                check_int(queue_put(&queue, &octet, 1), ==, 0);
        }
        put = pipe_put(&tube->pipe, &queue, SIZE_MAX);
        queue_deinit(&queue);
        return put;
}

TEST(pipe_keeps_order) {
        for (uint64_t seed = 1; seed < 50; seed++) {
                Tube tube;
                unsigned sent = 0;

                tube_init(&tube, seed);
                for (int i = 0; i < 50; i++) {
                        sent += (unsigned) tube_put(&tube, sent, rng_below(&tube.sim.rng, 5000));
                        sim_run(&tube.sim, tube.sim.now + rng_below(&tube.sim.rng, 1000));
                }
                sim_run(&tube.sim, tube.sim.now + 10000);
                check_int(tube.received, ==, sent);
                check(!tube.expired);
                tube_deinit(&tube);
        }
}

TEST(pipe_gets_over_a_cut) {
        Tube tube;

        tube_init(&tube, 1);
        check_int(tube_put(&tube, 0, 100), ==, 100);
        tube.cut = true;
        sim_run(&tube.sim, 900000);
        check_int(tube.received, ==, 0);
        tube.cut = false;
        pipe_resume(&tube.pipe, 1000);
        sim_run(&tube.sim, 2500000);
        check_int(tube.received, ==, 100);
        check(!tube.expired);
        tube_deinit(&tube);
}

TEST(pipe_gives_up) {
        Tube tube;

        tube_init(&tube, 1);
        tube.cut = true;
        (void) tube_put(&tube, 0, 100);
        sim_run(&tube.sim, 999000);
        check(!tube.expired);
        sim_run(&tube.sim, 1001000);
        check(tube.expired);
        tube_deinit(&tube);
}

/* All arrives, and the sender does not know. */
TEST(pipe_without_acknowledgements) {
        Tube tube;

        tube_init(&tube, 1);
        tube.back_cut = true;
        (void) tube_put(&tube, 0, 100);
        sim_run(&tube.sim, 2000000);
        check_int(tube.received, ==, 100);
        check(tube.expired);
        tube_deinit(&tube);
}

TEST(pipe_has_an_end) {
        Tube tube;

        tube_init(&tube, 1);
        (void) tube_put(&tube, 0, 100);
        pipe_end(&tube.pipe, PIPE_EOF);
        check_int(pipe_room(&tube.pipe), ==, 0);
        check(!pipe_is_over(&tube.pipe));
        sim_run(&tube.sim, 10000);
        check_int(tube.received, ==, 100);
        check(pipe_is_over(&tube.pipe));
        tube_deinit(&tube);
}

TEST(pipe_to_nobody) {
        Tube tube;

        tube_init(&tube, 1);
        pipe_no_receiver(&tube.pipe);
        (void) tube_put(&tube, 0, 100);
        sim_run(&tube.sim, 10000);
        check_int(tube.received, ==, 0);
        check(tube.refused);
        tube_deinit(&tube);
}

/* --- the same seed is the same story ------------------------------------------------------------------ */

static char *tell(uint64_t seed) {
        WorldConfig config = {.n_hosts = 6, .seed = seed};
        char *text = NULL;
        size_t len = 0;
        World *world;

        config.trace = open_memstream(&text, &len);
        check(config.trace);
        world = world_new(&config);
        world_start(world, 0);
        (void) world_run(world, USEC_PER_SEC);
        act_begin(world, 300);
        for (int i = 0; i < 10; i++) {
                (void) world_run(world, 3 * USEC_PER_SEC);
                fault_any(world);
        }
        check_str(world->failure, "");
        world_free(world);
        (void) fclose(config.trace);
        return text;
}

TEST(replays) {
        for (uint64_t seed = 1; seed < 4; seed++) {
                char *once = tell(seed), *again = tell(seed);

                check(strlen(once) > 1000);
                check_str(once, again);
                free(once);
                free(again);
        }
}

/* --- the oracle sees ---------------------------------------------------------------------------------- */

static World *small_world(Talk **ret) {
        const WorldConfig config = {.n_hosts = 2, .seed = 1};
        World *world = world_new(&config);
        Prog *progs[2];

        world_start(world, 0);
        check(world_run(world, USEC_PER_SEC));
        for (unsigned i = 0; i < 2; i++)
                progs[i] = prog_new(world_host(world, i + 1), "cbor");
        check(world_run(world, USEC_PER_SEC));
        *ret = talk_get(prog_port(progs[0]), prog_port(progs[1]), NULL);
        talk_watch(*ret);
        for (int i = 0; i < 3; i++)
                check(talk_send(*ret, 10));
        check(world_run(world, USEC_PER_SEC));
        oracle_end(world);
        check_str(world->failure, "");
        return world;
}

static void deliver(Talk *talk, unsigned round, unsigned seq) {
        const Stamp stamp = {talk->no, round, seq};

        oracle_delivered(talk->world, talk->to->prog, talk->to, /* echo= */ false, &stamp);
}

#define SEES(name, text, ...) \
        TEST(name) { \
                Talk *talk; \
                World *world = small_world(&talk); \
\
                __VA_ARGS__; \
                if (!strstr(world->failure, text)) \
                        test_fail(__FILE__, __LINE__, "the oracle says \"%s\"", world->failure); \
                world_free(world); \
        }

SEES(sees_a_message_twice, "comes twice", deliver(talk, 0, 2))
SEES(sees_a_message_of_nobody, "nobody sent", deliver(talk, 0, 3))
SEES(sees_a_hole, "a hole", talk->rounds[0].sent += 2; deliver(talk, 0, 4))
SEES(sees_what_is_missing, "the monitor did not fire", talk->rounds[0].sent++; oracle_end(world))
SEES(sees_a_forgotten_monitor, "is dead", talk->to->end = PORT_DIED; oracle_end(world))
SEES(sees_a_wrong_reason, "does not fit",
        oracle_fired(talk,
                cbor_cursor("\x64"
                            "died",
                        5)))
SEES(sees_a_monitor_twice, "there is none", talk->state = TALK_IDLE; oracle_fired(talk, cbor_cursor("", 0)))
SEES(sees_a_lost_node, "is told twice", oracle_node(&talk->prog->views[2], false))
SEES(sees_a_prefix_again, "both have prefix", Prog *other = prog_new(talk->prog->host, "cbor");
        (void) world_run(world, USEC_PER_SEC); free(other->prefix);
        other->prefix = strdup(talk->prog->prefix); other->prefix_len = talk->prog->prefix_len;
        oracle_prefix(other))
