/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A path is cut
 *
 * Within monitor_timeout both ends know. A shorter cut loses nothing. Which octets were under way is for TCP
 * to know: what it could not deliver is lost, and then the monitor has fired.
 */

#include "tests/world/story.h"

typedef struct Pair {
        World *world;
        Talk *there; /* from host 1 to host 2 */
        Talk *back;
} Pair;

static Pair pair_new(uint64_t seed) {
        Pair pair = {.world = story_new(3, seed)};
        Prog *a = story_prog(pair.world, 1), *b = story_prog(pair.world, 2);

        pair.there = story_talk(a, b);
        pair.back = story_talk(b, a);
        /* the cut comes at any moment between two heartbeats */
        story_run(pair.world, 100 * USEC_PER_MSEC + rng_below(&pair.world->sim.rng, 10 * USEC_PER_SEC));
        return pair;
}

static void check_noticed(const Pair *pair, uint64_t since) {
        uint64_t limit = pair->world->node_config.monitor_timeout + 500 * USEC_PER_MSEC;
        const Talk *talks[] = {pair->there, pair->back};

        for (int i = 0; i < 2; i++) {
                check_int(talks[i]->n_fired, ==, 1);
                check_str(talks[i]->why[0], "transport_error");
                check_int(talks[i]->fired_at - since, <=, limit);
        }
}

static void check_works(const Pair *pair) {
        unsigned before = story_delivered(pair->there) + story_delivered(pair->back);

        talk_watch(pair->there);
        talk_watch(pair->back);
        story_say(pair->there, 5, 10);
        story_say(pair->back, 5, 10);
        story_run(pair->world, USEC_PER_SEC);
        check_int(story_delivered(pair->there) + story_delivered(pair->back), ==, before + 10);
}

static void cut_for_long(bool there, bool back, unsigned words) {
        for (uint64_t seed = 1; seed <= 30; seed++) {
                Pair pair = pair_new(seed);
                uint64_t start = pair.world->sim.now;

                world_cut(pair.world, 1, 2, there, back);
                story_say(pair.there, words, 100);
                story_say(pair.back, words, 100);
                story_run(pair.world, 32 * USEC_PER_SEC);
                check_noticed(&pair, start);

                world_heal(pair.world);
                story_run_until_whole(pair.world, 60 * USEC_PER_SEC);
                story_run(pair.world, USEC_PER_SEC);
                check_works(&pair);
                story_end(pair.world);
        }
}

/* Nobody says anything: heartbeats find it. */
TEST(both_ways_idle) {
        cut_for_long(/* there= */ true, /* back= */ true, 0);
}

TEST(both_ways_talking) {
        cut_for_long(/* there= */ true, /* back= */ true, 20);
}

TEST(one_way_idle) {
        cut_for_long(/* there= */ true, /* back= */ false, 0);
}

TEST(one_way_talking) {
        cut_for_long(/* there= */ false, /* back= */ true, 20);
}

/* TCP gets over it. */
TEST(short_cut) {
        for (uint64_t seed = 1; seed <= 30; seed++) {
                Pair pair = pair_new(seed);

                world_cut(pair.world, 1, 2, seed % 3 > 0, seed % 3 < 2);
                story_say(pair.there, 20, 100);
                story_say(pair.back, 20, 100);
                story_run(pair.world, 20 * USEC_PER_SEC);
                world_heal(pair.world);
                story_run(pair.world, 10 * USEC_PER_SEC);
                check_int(pair.there->n_fired + pair.back->n_fired, ==, 0);
                check_int(story_delivered(pair.there), ==, 20);
                check_int(story_delivered(pair.back), ==, 20);
                story_end(pair.world);
        }
}

/* A third node sees both all the time. */
TEST(others_are_not_disturbed) {
        Pair pair = pair_new(1);
        Prog *c = story_prog(pair.world, 3);
        Talk *to_a = story_talk(c, pair.there->prog), *to_b = story_talk(c, pair.back->prog);

        world_cut(pair.world, 1, 2, /* there= */ true, /* back= */ true);
        for (int i = 0; i < 40; i++) {
                story_say(to_a, 1, 100);
                story_say(to_b, 1, 100);
                story_run(pair.world, USEC_PER_SEC);
        }
        check_int(story_delivered(to_a), ==, 40);
        check_int(story_delivered(to_b), ==, 40);
        check_int(to_a->n_fired + to_b->n_fired, ==, 0);
        world_heal(pair.world);
        story_run_until_whole(pair.world, 60 * USEC_PER_SEC);
        story_end(pair.world);
}

/* Two halves: each goes on by itself, and they become one again. */
static void halve(unsigned half) {
        World *world = story_new(half * 2, 1);

        for (unsigned i = 1; i <= half; i++)
                for (unsigned j = half + 1; j <= half * 2; j++)
                        world_cut(world, i, j, /* there= */ true, /* back= */ true);
        story_run(world, 31 * USEC_PER_SEC);
        for (unsigned i = 1; i <= half * 2; i++)
                check_int(node_peers_up(world_host(world, i)->node), ==, half - 1);

        world_heal(world);
        story_run_until_whole(world, 60 * USEC_PER_SEC);
        story_end(world);
}

TEST(halves) {
        halve(3);
}

TEST(halves_of_fifty) {
        halve(25);
}
