/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Both ends connect at once
 *
 * Whatever the delays are: one connection survives, and nothing is lost. What programs have to say is there
 * before the connection is.
 */

#include "tests/world/story.h"

#define MEETINGS 4000
#define WORDS 5

static uint64_t n_ties, n_refused;

static World *meeting_new(uint64_t seed) {
        const WorldConfig config = {.n_hosts = 2, .seed = seed, .trace = story_trace(seed)};
        World *world = world_new(&config);
        Rng *rng = &world->sim.rng;
        uint64_t longest = 1 + rng_delay(rng, 50 * USEC_PER_MSEC);

        world->net.grained = rng_percent(rng, 30);
        for (unsigned i = 1; i <= 2; i++)
                host_choose_links(world_host(world, i), rng);
        world->net.latency[1][2] = rng_below(rng, longest);
        world->net.latency[2][1] = rng_percent(rng, 50) ? world->net.latency[1][2] : rng_below(rng, longest);
        return world;
}

static void say_words(Talk *const talks[2]) {
        for (int i = 0; i < 2; i++)
                talk_burst(talks[i], WORDS, rng_delay(&talks[i]->world->sim.rng, 20 * USEC_PER_MSEC), 40);
}

/* As check(), but the seed is told, too. */
#define expect(world, expr) \
        do { \
                if (!(expr)) \
                        oracle_fail((world), "%s", #expr); \
        } while (0)

static void expect_meeting(World *world, Talk *const talks[2], unsigned words) {
        expect(world, world_count_cables(world) == 1);
        expect(world, world_is_whole(world));
        for (int i = 0; i < 2; i++) {
                expect(world, story_delivered(talks[i]) == words);
                expect(world, talks[i]->state == TALK_ON);
        }
}

static void meeting_end(World *world) {
        oracle_end(world);
        if (world->failure[0])
                test_fail(__FILE__, __LINE__, "seed %" PRIu64 ": %s", world->config.seed, world->failure);
        n_ties += world->sums.accepted - world->sums.ups / 2; /* both ends of each were up */
        n_refused += world->sums.refused;
        world_free(world);
}

/* Two nodes start within a few round trips of each other, each with the other as seed. */
static void meet(uint64_t seed) {
        World *world = meeting_new(seed);
        Rng *rng = &world->sim.rng;
        uint64_t trip = world->net.latency[1][2] + world->net.latency[2][1];
        unsigned first = (unsigned) rng_between(rng, 1, 2);
        Prog *progs[2];
        Talk *talks[2];

        world->net.user_timeout = 25 * USEC_PER_SEC;
        host_start(world_host(world, first));
        if (rng_percent(rng, 80))
                (void) world_run(world, rng_below(rng, trip * 3 + 1));
        host_start(world_host(world, 3 - first));

        /* the ports they talk to have names from the first moment on */
        for (unsigned i = 0; i < 2; i++)
                progs[i] = prog_new(world_host(world, i + 1), "cbor");
        while (progs[0]->state != PROG_RUNNING || progs[1]->state != PROG_RUNNING)
                (void) world_run(world, 10);
        for (int i = 0; i < 2; i++) {
                talks[i] = talk_get(prog_port(progs[i]), prog_port(progs[1 - i]), NULL);
                talk_watch(talks[i]);
        }

        /* that a node is not known yet may be told, once; after that all has to arrive */
        (void) world_run(world, rng_below(rng, trip * 4 + 1));
        say_words(talks);
        (void) world_run(world, 4 * USEC_PER_SEC);
        expect(world, world_count_cables(world) == 1);
        expect(world, world->sums.ups == 2);
        for (int i = 0; i < 2; i++)
                expect(world, talks[i]->n_fired > 0 || story_delivered(talks[i]) == WORDS);
        meeting_end(world);
}

/* Two that were connected lose each other at the same moment, and both have something to say. */
static void meet_again(uint64_t seed) {
        World *world = meeting_new(seed);
        Rng *rng = &world->sim.rng;
        Prog *progs[2];
        Talk *talks[2];
        unsigned delivered[2];

        world_start(world, 0);
        (void) world_run(world, 4 * USEC_PER_SEC);
        for (unsigned i = 0; i < 2; i++) {
                progs[i] = story_prog(world, i + 1);
                progs[i]->answer_delay = 0;
        }
        for (int i = 0; i < 2; i++)
                talks[i] = story_talk(progs[i], progs[1 - i]);
        say_words(talks);
        (void) world_run(world, USEC_PER_SEC);
        expect_meeting(world, talks, WORDS);

        net_reset(&world->net, 1, 2, /* both= */ true);
        while (talks[0]->n_fired == 0 || talks[1]->n_fired == 0)
                (void) world_run(world, 10);
        for (int i = 0; i < 2; i++)
                delivered[i] = story_delivered(talks[i]);
        (void) world_run(world, 100 + rng_delay(rng, world->net.latency[1][2] * 4));
        for (int i = 0; i < 2; i++)
                talk_watch(talks[i]);
        say_words(talks);
        (void) world_run(world, 6 * USEC_PER_SEC);

        for (int i = 0; i < 2; i++)
                expect(world, delivered[i] == WORDS);
        expect_meeting(world, talks, 2 * WORDS);
        expect(world, world->sums.ups == 4);
        meeting_end(world);
}

static void meet_all(void (*fn)(uint64_t seed)) {
        n_ties = n_refused = 0;
        for (uint64_t seed = 1; seed <= MEETINGS; seed++)
                fn(seed);
        test_note("%d meetings, %" PRIu64 " connections too many", MEETINGS, n_ties);
        /* they did meet, which is nothing to warn of */
        check_int(n_ties, >, MEETINGS / 20);
        check_int(n_refused, ==, 0);
}

TEST(start_together) {
        meet_all(meet);
}

TEST(connect_again_together) {
        meet_all(meet_again);
}
