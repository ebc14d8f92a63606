/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Somebody doesn't read
 *
 * Those who feed it are held up before anything is lost; when that does not help it is cut, and everybody is
 * told.
 */

#include "tests/world/story.h"

#define KIB 1024

static World *slow_new(unsigned n_hosts) {
        const WorldConfig config = {.n_hosts = n_hosts, .seed = 1, .trace = story_trace(1)};
        World *world = world_new(&config);

        world->node_config.client_high = 64 * KIB;
        world->node_config.client_hard = 512 * KIB;
        world->node_config.peer_high = 128 * KIB;
        world->node_config.peer_hard = 1024 * KIB;
        world->socket_capacity = 16 * KIB;
        world->net.narrow = true;
        world_start(world, 0);
        story_run_until_whole(world, 5 * USEC_PER_SEC);
        return world;
}

/* A neighbour is held up, and all arrives in the end. */
TEST(neighbour_waits) {
        World *world = slow_new(1);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 1);
        Talk *talk = story_talk(a, b);

        prog_pause(b, 10 * USEC_PER_SEC);
        story_say(talk, 1000, KIB);
        story_run(world, 5 * USEC_PER_SEC);
        check_int(a->stream.out.len, >, 800 * KIB);
        check_int(talk->n_fired, ==, 0);

        story_run(world, 10 * USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 1000);
        story_end(world);
}

/* ...and is not kept from talking when the slow one dies. */
TEST(neighbour_waits_for_one_that_dies) {
        World *world = slow_new(1);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 1), *c = story_prog(world, 1);
        Talk *talk = story_talk(a, b), *other = story_talk(a, c);

        prog_pause(b, 10 * USEC_PER_SEC);
        story_say(talk, 1000, KIB);
        story_say(other, 10, KIB);
        story_run(world, USEC_PER_SEC);
        check_int(story_delivered(other), ==, 0);
        prog_crash(b);
        story_run(world, USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_int(story_delivered(other), ==, 10);
        story_end(world);
}

/* Traffic from afar isn't held up for one slow program: that one is cut. */
TEST(cut) {
        World *world = slow_new(2);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2), *c = story_prog(world, 2);
        Talk *talk = story_talk(a, b), *other = story_talk(a, c), *from_near = story_talk(c, b);

        prog_pause(b, 60 * USEC_PER_SEC);
        story_run(world, 10 * USEC_PER_MSEC);
        story_say(talk, 1000, KIB);
        story_say(other, 10, KIB);
        story_say(from_near, 10, KIB);
        story_run(world, 5 * USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_str(talk->why[0], "too_slow");
        check_str(talk->why[1], b->name);
        check_str(from_near->why[0], "too_slow");
        check_int(other->n_fired, ==, 0);
        check_int(story_delivered(other), ==, 10);
        check_int(world->sums.slow, ==, 1);

        /* it finds out when it reads */
        story_run(world, 60 * USEC_PER_SEC);
        check_int(b->state, ==, PROG_OVER);
        story_end(world);
}

/* A node that stands still for a while: programs on the other side wait. */
TEST(peer_waits) {
        World *world = slow_new(2);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2);
        Talk *talk = story_talk(a, b);

        host_freeze(world_host(world, 2));
        story_say(talk, 2000, KIB);
        story_run(world, 10 * USEC_PER_SEC);
        check_int(a->stream.out.len, >, 1500 * KIB);
        check_int(talk->n_fired, ==, 0);

        host_thaw(world_host(world, 2));
        story_run(world, 10 * USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 2000);
        story_end(world);
}

/* It stands still for too long: TCP's time-out ends it. */
TEST(peer_for_too_long) {
        World *world = slow_new(2);
        Prog *a = story_prog(world, 1), *b = story_prog(world, 2);
        Talk *talk = story_talk(a, b);

        host_freeze(world_host(world, 2));
        story_say(talk, 2000, KIB);
        story_run(world, 40 * USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_int(a->stream.out.len, ==, 0);
        host_thaw(world_host(world, 2));
        story_run_until_whole(world, 60 * USEC_PER_SEC);
        story_run(world, USEC_PER_SEC);
        story_end(world);
}

/* More than one program alone may send: the hard limit of a peer. What the slow one relays counts, too. */
TEST(peer_cut) {
        World *world = slow_new(2);
        Talk *talks[20];
        unsigned fired = 0;

        for (int i = 0; i < 20; i++)
                talks[i] = story_talk(story_prog(world, 1), story_prog(world, 2));
        story_run(world, 10 * USEC_PER_MSEC);
        host_freeze(world_host(world, 2));
        for (int i = 0; i < 20; i++)
                story_say(talks[i], 1, 300 * KIB);
        story_run(world, 2 * USEC_PER_SEC);
        check_int(world->sums.slow_peers, ==, 1);
        for (int i = 0; i < 20; i++)
                fired += talks[i]->n_fired;
        check_int(fired, ==, 20);

        host_thaw(world_host(world, 2));
        story_run_until_whole(world, 60 * USEC_PER_SEC);
        story_run(world, 10 * USEC_PER_SEC);
        story_end(world);
}

/* To oneself: who feeds the slow one is the slow one. It is not read from, so it does not get itself cut;
 * and when it reads again it goes on. */
TEST(oneself) {
        World *world = slow_new(1);
        Prog *a = story_prog(world, 1);
        Talk *talk = story_talk(a, a);

        prog_pause(a, 5 * USEC_PER_SEC);
        story_say(talk, 1000, KIB);
        story_run(world, 20 * USEC_PER_SEC);
        check_int(talk->n_fired, ==, 0);
        check_int(story_delivered(talk), ==, 1000);
        story_end(world);
}
