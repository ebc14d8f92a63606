/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A node starts again under the same ID
 *
 * Its programs are gone and their ports never come back, the network takes it in again, and nothing said to
 * the one before reaches the one after.
 */

#include "tests/world/story.h"

static void restart(World *world, unsigned host, bool silent, uint64_t pause) {
        host_crash(world_host(world, host), silent);
        story_run(world, pause);
        host_start(world_host(world, host));
}

TEST(killed) {
        World *world = story_new(3, 1);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2);
        Talk *talk = story_talk(a, b);

        story_say(talk, 3, 10);
        story_run(world, 10 * USEC_PER_MSEC);
        restart(world, 2, /* silent= */ false, 50 * USEC_PER_MSEC);
        story_run_until_whole(world, 10 * USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_str(talk->why[0], "transport_error");
        check_int(b->state, ==, PROG_OVER);

        /* the port is dead for good, also to the new node */
        talk_watch(talk);
        story_say(talk, 3, 10);
        story_run(world, USEC_PER_SEC);
        check_int(talk->n_fired, ==, 2);
        check_str(talk->why[0], "no_such_port");

        /* who attaches now is somebody else */
        b = story_prog(world, 2);
        talk = story_talk(a, b);
        story_say(talk, 3, 10);
        story_run(world, USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 3);
        story_end(world);
}

/* Nobody noticed that it was gone: the old connection is asked whether it lives, and makes room. */
TEST(power_comes_back_at_once) {
        World *world = story_new(2, 1);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2);
        Talk *talk = story_talk(a, b);
        uint64_t start;

        story_say(talk, 3, 10);
        story_run(world, 10 * USEC_PER_MSEC);
        start = world->sim.now;
        restart(world, 2, /* silent= */ true, 50 * USEC_PER_MSEC);
        while (talk->n_fired == 0 && world->sim.now < start + 60 * USEC_PER_SEC)
                story_run(world, 10 * USEC_PER_MSEC);

        /* much before the time-out: its host answers with a reset, or the new connection wins */
        check_int(talk->fired_at - start, <, 3 * USEC_PER_SEC);
        check_str(talk->why[0], "transport_error");
        story_run_until_whole(world, 5 * USEC_PER_SEC);
        story_end(world);
}

/* What is said while it is gone goes nowhere; the monitor says so, each time. */
TEST(again_and_again) {
        World *world = story_new(4, 1);
        Prog *a = story_prog(world, 1);
        unsigned fired = 0;

        a->patient = true;
        for (unsigned i = 0; i < 20; i++) {
                Prog *b = story_prog(world, 2);
                Talk *talk = story_talk(a, b);

                story_say(talk, 20, 100);
                story_run(world, i * 100);
                restart(world, 2, /* silent= */ false, i * 300);
                story_run_until_whole(world, 60 * USEC_PER_SEC);
                story_run(world, 100 * USEC_PER_MSEC);
                check_int(talk->n_fired, ==, 1);
                fired++;
                for (unsigned j = 0; j < i; j++)
                        check(strcmp(world->progs[1 + j]->prefix, b->prefix) != 0);
        }

        check_int(fired, ==, 20);
        story_end(world);
}

TEST(all_at_once) {
        World *world = story_new(6, 1);

        for (unsigned i = 1; i <= 6; i++)
                host_crash(world_host(world, i), i % 2);
        story_run(world, USEC_PER_SEC);
        for (unsigned i = 1; i <= 6; i++)
                host_start(world_host(world, i));
        story_run_until_whole(world, 10 * USEC_PER_SEC);
        story_end(world);
}

/* Its clock stood still for a while: whatever is due then is due at once, and nothing breaks. */
TEST(frozen) {
        World *world = story_new(2, 1);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2);
        Talk *talk = story_talk(a, b);

        story_run(world, 10 * USEC_PER_MSEC);
        host_freeze(world_host(world, 2));
        story_say(talk, 10, 100);
        story_run(world, 20 * USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 0);
        host_thaw(world_host(world, 2));
        story_run(world, USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 10);
        check_int(talk->n_fired, ==, 0);
        story_end(world);
}
