/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nodes that know only a hub
 *
 * They find each other by asking it, when somebody has something to say, and keep what they found when it is
 * gone.
 */

#include "tests/world/story.h"

static World *hub_new(unsigned n_hosts) {
        const WorldConfig config = {
                .n_hosts = n_hosts, .seed = 1, .topology = TOPOLOGY_HUBS, .trace = story_trace(1)};
        World *world = world_new(&config);

        world_start(world, 0);
        story_run(world, 5 * USEC_PER_SEC);
        for (unsigned i = 2; i <= n_hosts; i++)
                check_int(node_peers_up(world_host(world, i)->node), ==, 1);
        check_int(node_peers_up(world_host(world, 1)->node), ==, n_hosts - 1);
        return world;
}

static void check_all_arrives(Talk *talk) {
        unsigned before = story_delivered(talk);

        story_say(talk, 5, 100);
        story_run(talk->world, USEC_PER_SEC);
        check_int(talk->state, ==, TALK_ON);
        check_int(story_delivered(talk), ==, before + 5);
}

TEST(found) {
        World *world = hub_new(4);
        Talk *talk = story_talk(story_prog(world, 2), story_prog(world, 3));

        check_all_arrives(talk);
        check_int(node_peers_up(world_host(world, 2)->node), ==, 2);
        story_end(world);
}

/* To watch a node is reason enough to connect to it. */
TEST(found_for_a_monitor) {
        World *world = hub_new(4);
        Talk *talk = talk_get(prog_port(story_prog(world, 2)), NULL, world_host(world, 3));

        talk_watch(talk);
        story_run(world, USEC_PER_SEC);
        check_int(node_peers_up(world_host(world, 3)->node), ==, 2);
        check_int(talk->n_fired, ==, 0);

        host_crash(world_host(world, 3), /* silent= */ false);
        story_run(world, USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_str(talk->why[0], "transport_error");
        world_heal(world);
        story_run(world, 40 * USEC_PER_SEC);
        story_end(world);
}

/* It has been told of that one, which isn't there now. */
TEST(not_there) {
        World *world = hub_new(4);
        Prog *a = story_prog(world, 2), *b = story_prog(world, 3);
        Port *port = prog_port(b);
        Talk *talk = talk_get(prog_port(a), port, NULL);

        host_crash(world_host(world, 3), /* silent= */ false);
        story_run(world, USEC_PER_SEC);
        talk_watch(talk);
        story_say(talk, 3, 10);
        story_run(world, 10 * USEC_PER_SEC);
        check_int(talk->n_fired, ==, 1);
        check_str(talk->why[0], "transport_error");
        world_heal(world);
        story_run(world, 40 * USEC_PER_SEC);
        story_end(world);
}

TEST(goes_on_without_the_hub) {
        World *world = hub_new(4);
        Prog *a = story_prog(world, 2), *b = story_prog(world, 3), *c = story_prog(world, 4);
        Talk *talk = story_talk(a, b), *other;

        check_all_arrives(talk);
        host_crash(world_host(world, 1), /* silent= */ false);
        story_run(world, 10 * USEC_PER_SEC);
        check_all_arrives(talk);

        /* nobody to ask: it is told */
        other = story_talk(a, c);
        story_say(other, 3, 10);
        story_run(world, 10 * USEC_PER_SEC);
        check_int(other->n_fired, ==, 1);

        /* and when it is back, somebody is */
        world_heal(world);
        story_run(world, 40 * USEC_PER_SEC);
        talk_watch(other);
        check_all_arrives(other);
        story_end(world);
}

/* A message asks for a node while the hub is away for a moment: it waits for the answer as long as an
 * attempt may take. */
TEST(asks_again) {
        World *world = hub_new(4);
        Prog *a = story_prog(world, 2), *b = story_prog(world, 3);
        Talk *talk;

        net_reset(&world->net, 1, 2, /* both= */ true);
        talk = story_talk(a, b);
        story_say(talk, 3, 10);
        story_run(world, 5 * USEC_PER_SEC);
        if (talk->n_fired == 0)
                check_int(story_delivered(talk), ==, 3);
        else
                check_str(talk->why[0], "transport_error");
        story_end(world);
}
