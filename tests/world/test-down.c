/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * `down`, and its answer
 *
 * What a program sent before it knew that a node was lost must not slip into the next connection.
 */

#include "tests/world/story.h"

typedef struct Pair {
        World *world;
        Prog *a, *b;
        Talk *talk;
        View *view; /* a's of b's node */
} Pair;

static Pair pair_new(void) {
        Pair pair = {.world = story_new(2, 1)};

        pair.a = story_prog(pair.world, 1);
        pair.b = story_prog(pair.world, 2);
        pair.talk = story_talk(pair.a, pair.b);
        pair.view = &pair.a->views[2];
        story_say(pair.talk, 5, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(pair.talk), ==, 5);
        return pair;
}

static void lose(const Pair *pair) {
        net_reset(&pair->world->net, 1, 2, /* both= */ true);
        story_run_until_whole(pair->world, 10 * USEC_PER_SEC);
        story_run(pair->world, 10 * USEC_PER_MSEC);
}

static void answer(const Pair *pair) {
        prog_answer(pair->a, pair->view->host);
        story_run(pair->world, 10 * USEC_PER_MSEC);
        check(!pair->view->down);
}

TEST(told_once) {
        Pair pair = pair_new();

        pair.a->silent = true;
        lose(&pair);
        check_int(pair.talk->n_fired, ==, 1);
        check_int(pair.view->n_downs, ==, 1);

        /* it is not told again before it has answered */
        lose(&pair);
        lose(&pair);
        check_int(pair.view->n_downs, ==, 1);
        answer(&pair);

        /* what it didn't know of doesn't concern it */
        lose(&pair);
        check_int(pair.view->n_downs, ==, 1);
        story_end(pair.world);
}

TEST(dropped_until_answered) {
        Pair pair = pair_new();

        pair.a->silent = true;
        lose(&pair);
        /* without a monitor: nothing is promised, and nothing comes */
        story_say(pair.talk, 5, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(pair.talk), ==, 5);

        answer(&pair);
        story_say(pair.talk, 5, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(pair.talk), ==, 10);
        story_end(pair.world);
}

TEST(monitors_fire_until_answered) {
        Pair pair = pair_new();

        pair.a->silent = true;
        lose(&pair);
        for (unsigned i = 2; i < 5; i++) {
                talk_watch(pair.talk);
                story_say(pair.talk, 3, 10);
                story_run(pair.world, 10 * USEC_PER_MSEC);
                check_int(pair.talk->n_fired, ==, i);
                check_str(pair.talk->why[0], "transport_error");
                check_str(pair.talk->why[1], pair.b->host->id);
        }

        answer(&pair);
        talk_watch(pair.talk);
        story_say(pair.talk, 3, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(pair.talk), ==, 8);
        check_int(pair.view->n_downs, ==, 1);
        story_end(pair.world);
}

/* The loss and what is sent cross each other. */
TEST(crossing) {
        Pair pair = pair_new();

        story_say(pair.talk, 30, 100);
        net_reset(&pair.world->net, 1, 2, /* both= */ true);
        story_say(pair.talk, 30, 100);
        pair.a->answer_delay = 5 * USEC_PER_SEC;
        story_run(pair.world, 20 * USEC_PER_SEC);
        check_int(pair.talk->n_fired, ==, 1);
        /* the oracle has seen to it that it is the first few */
        check_int(story_delivered(pair.talk), <, 65);
        story_end(pair.world);
}

/* Who only sent something is told, too; who never had to do with that node is not. */
TEST(who_is_told) {
        Pair pair = pair_new();
        Prog *sender = story_prog(pair.world, 1), *other = story_prog(pair.world, 1);
        Talk *talk = talk_get(prog_port(sender), prog_port(pair.b), NULL);

        story_say(talk, 1, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        lose(&pair);
        check_int(sender->views[2].n_downs, ==, 1);
        check_int(other->views[2].n_downs, ==, 0);
        check_int(pair.b->views[1].n_downs, ==, 0);
        story_end(pair.world);
}

/* A monitor of the node port, and what the node sends back. */
TEST(node_port) {
        Pair pair = pair_new();
        Talk *echo = talk_get(pair.talk->from, NULL, pair.b->host);

        talk_watch(echo);
        story_say(echo, 5, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(echo), ==, 5);
        lose(&pair);
        check_int(echo->n_fired, ==, 1);
        check_str(echo->why[0], "transport_error");
        story_end(pair.world);
}

/* Programs that go in that state leave nothing behind. */
TEST(gone_without_answer) {
        Pair pair = pair_new();
        Talk *talk;

        pair.a->silent = true;
        lose(&pair);
        prog_crash(pair.a);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        lose(&pair);
        talk = story_talk(story_prog(pair.world, 1), pair.b);
        story_say(talk, 5, 10);
        story_run(pair.world, 10 * USEC_PER_MSEC);
        check_int(story_delivered(talk), ==, 5);
        story_end(pair.world);
}
