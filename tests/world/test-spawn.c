/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Spawned ports, while all kinds of things go wrong.
 */

#include "tests/world/actor.h"
#include "tests/world/oracle.h"
#include "tests/world/story.h"

static Sums sums;

static void live(uint64_t seed, bool faults) {
        const WorldConfig config = {.n_hosts = 4, .seed = seed, .trace = story_trace(seed)};
        World *world = world_new(&config);

        world->node_config.monitor_timeout = 8 * USEC_PER_SEC;
        world->node_config.heartbeat_interval = 2 * USEC_PER_SEC;
        world_start(world, 0);
        story_run_until_whole(world, 5 * USEC_PER_SEC);
        if (!actors_live(world, 200, faults))
                test_fail(__FILE__, __LINE__, "seed %u: %s", (unsigned) seed, world->failure);
        sums_add(&sums, &world->sums);
        actors_free(world);
        world_free(world);
}

TEST(one_by_one) {
        World *world = story_new(2, 1);
        Prog *a, *b;
        Talk *talk;

        a = actor_new(world_host(world, 1));
        b = actor_new(world_host(world, 2));
        story_run(world, 10 * USEC_PER_MSEC);
        for (unsigned i = 0; i < 20; i++) {
                talk = actor_spawn(a, b->host, /* exists= */ i % 4 > 0);
                story_say(talk, 5, 10);
                story_run(world, 200 * USEC_PER_MSEC);
                if (i % 4 == 0) {
                        check_int(talk->n_fired, ==, 1);
                        check_int(world->sums.unspawned, ==, i / 4 + 1);
                }
        }
        check_int(world->sums.spawned, ==, 15);
        prog_crash(b);
        story_run(world, 10 * USEC_PER_MSEC);
        check_int(talk->n_fired, ==, 1);
        actors_forget_watched(world);
        actors_free(world);
        story_end(world);
}

TEST(while_all_is_well) {
        for (uint64_t seed = 1; seed <= 10; seed++)
                live(seed, /* faults= */ false);

        test_note("%u spawned of %u that were asked for", (unsigned) sums.spawned, (unsigned) sums.asked);
        check_int(sums.spawned, >, sums.asked / 2);
}

TEST(under_faults) {
        for (uint64_t seed = 1; seed <= 100; seed++)
                live(seed, /* faults= */ true);

        test_note("%u spawned of %u that were asked for", (unsigned) sums.spawned, (unsigned) sums.asked);
        check_int(sums.spawned, >, sums.asked / 4);
}
