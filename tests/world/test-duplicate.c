/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A second node with the same ID
 *
 * While the first is alive the second stays out. When the first is not, though nobody knows it yet, the
 * second takes over within the time of a probe.
 */

#include "tests/world/story.h"

/* Hosts 1 and 2 are connected; host 3 has the ID of host 2 and didn't start. */
typedef struct Cast {
        World *world;
        Host *one, *first, *second;
        Talk *talk; /* from host 1 to the first */
} Cast;

static Cast cast_new(void) {
        const WorldConfig config = {.n_hosts = 3, .seed = 1, .trace = story_trace(1)};
        Cast cast = {.world = world_new(&config)};
        World *world = cast.world;
        Prog *a, *b;

        cast.one = world_host(world, 1);
        cast.first = world_host(world, 2);
        cast.second = world_host(world, 3);
        snprintf(cast.second->id, sizeof(cast.second->id), "%s", cast.first->id);
        for (unsigned i = 1; i <= 3; i++)
                world_host(world, i)->seeds[0] = NULL;
        cast.first->seeds[0] = cast.second->seeds[0] = cast.one->address;
        cast.first->seeds[1] = cast.second->seeds[1] = NULL;

        world->net.user_timeout = 25 * USEC_PER_SEC;
        host_start(cast.one);
        host_start(cast.first);
        story_run(world, USEC_PER_SEC);
        check_int(node_peers_up(cast.one->node), ==, 1);

        a = story_prog(world, 1);
        b = story_prog(world, 2);
        cast.talk = story_talk(a, b);
        story_say(cast.talk, 5, 10);
        story_run(world, USEC_PER_SEC);
        check_int(story_delivered(cast.talk), ==, 5);
        return cast;
}

TEST(alive) {
        Cast cast = cast_new();

        host_start(cast.second);
        for (int i = 0; i < 60; i++) {
                story_say(cast.talk, 1, 10);
                story_run(cast.world, USEC_PER_SEC);
        }

        check_int(cast.talk->n_fired, ==, 0);
        check_int(story_delivered(cast.talk), ==, 65);
        check_int(node_peers_up(cast.one->node), ==, 1);
        check_int(node_peers_up(cast.second->node), ==, 0);
        /* it tried, and was told to stay out each time */
        check_int(cast.one->refused, >=, 3);
        world_free(cast.world);
}

/* Quiet, but alive: the probe is answered. */
TEST(alive_and_quiet) {
        Cast cast = cast_new();

        story_run(cast.world, 3 * USEC_PER_SEC);
        host_start(cast.second);
        story_run(cast.world, 4 * USEC_PER_SEC);
        check_int(cast.talk->n_fired, ==, 0);
        check_int(node_peers_up(cast.second->node), ==, 0);
        world_free(cast.world);
}

static void check_taken_over(const Cast *cast, uint64_t start) {
        check_int(cast->talk->n_fired, ==, 1);
        check_str(cast->talk->why[0], "transport_error");
        check_int(cast->talk->fired_at - start, <, 1500 * USEC_PER_MSEC);
        check_int(node_peers_up(cast->second->node), ==, 1);
}

TEST(dead) {
        Cast cast = cast_new();
        uint64_t start;
        Talk *talk;

        host_crash(cast.first, /* silent= */ true);
        story_run(cast.world, USEC_PER_SEC);
        check_int(cast.talk->n_fired, ==, 0);

        start = cast.world->sim.now;
        host_start(cast.second);
        story_run(cast.world, 2 * USEC_PER_SEC);
        check_taken_over(&cast, start);

        /* and it works */
        talk = story_talk(cast.talk->prog, story_prog(cast.world, 3));
        story_say(talk, 3, 10);
        story_run(cast.world, 100 * USEC_PER_MSEC);
        check_int(story_delivered(talk), ==, 3);
        world_free(cast.world);
}

/* It doesn't get to run: as good as dead. When it comes back it has been replaced. */
TEST(frozen) {
        Cast cast = cast_new();
        uint64_t start;

        host_freeze(cast.first);
        start = cast.world->sim.now;
        host_start(cast.second);
        story_run(cast.world, 2 * USEC_PER_SEC);
        check_taken_over(&cast, start);

        host_thaw(cast.first);
        story_run(cast.world, 20 * USEC_PER_SEC);
        check_int(node_peers_up(cast.first->node), ==, 0);
        check_int(node_peers_up(cast.second->node), ==, 1);
        world_free(cast.world);
}

/* Who wanted to take over is gone before the time of the probe is over: all stays as it was. */
TEST(second_dies) {
        Cast cast = cast_new();

        host_freeze(cast.first);
        host_start(cast.second);
        story_run(cast.world, 500 * USEC_PER_MSEC);
        check_int(cast.talk->n_fired, ==, 0);
        host_crash(cast.second, /* silent= */ false);
        story_run(cast.world, 3 * USEC_PER_SEC);
        host_thaw(cast.first);
        story_say(cast.talk, 5, 10);
        story_run(cast.world, 20 * USEC_PER_SEC);
        check_int(cast.talk->n_fired, ==, 0);
        check_int(story_delivered(cast.talk), ==, 10);
        world_free(cast.world);
}

/* It comes again and again, each time a little later than the probe would take. */
TEST(second_insists) {
        Cast cast = cast_new();

        host_freeze(cast.first);
        for (int i = 0; i < 5; i++) {
                host_start(cast.second);
                story_run(cast.world, 300 * USEC_PER_MSEC);
                host_crash(cast.second, /* silent= */ i % 2);
        }
        host_start(cast.second);
        story_run(cast.world, 8 * USEC_PER_SEC);
        check_int(cast.talk->n_fired, ==, 1);
        check_int(node_peers_up(cast.second->node), ==, 1);
        world_free(cast.world);
}
