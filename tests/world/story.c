/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/story.h"

#include <stdlib.h>

FILE *story_trace(uint64_t seed) {
        const char *wanted = getenv("WORLD_TRACE");

        return wanted && strtoull(wanted, NULL, 10) == seed ? stdout : NULL;
}

World *story_new(unsigned n_hosts, uint64_t seed) {
        const WorldConfig config = {.n_hosts = n_hosts, .seed = seed, .trace = story_trace(seed)};
        World *world = world_new(&config);

        world_start(world, 0);
        story_run_until_whole(world, 5 * USEC_PER_SEC);
        return world;
}

void story_run(World *world, uint64_t duration) {
        (void) world_run(world, duration);
        check_world(world);
}

void story_run_until_whole(World *world, uint64_t at_most) {
        check(world_run_until(world, world_is_whole, at_most));
        check_world(world);
}

void story_end(World *world) {
        oracle_end(world);
        check_world(world);
        world_free(world);
}

Prog *story_prog(World *world, unsigned host) {
        Prog *prog = prog_new(world_host(world, host), "cbor");

        check(prog);
        story_run(world, USEC_PER_MSEC);
        check_int(prog->state, ==, PROG_RUNNING);
        return prog;
}

Talk *story_talk(Prog *from, Prog *to) {
        Talk *talk = talk_get(prog_port(from), prog_port(to), NULL);

        talk_watch(talk);
        return talk;
}

void story_say(Talk *talk, unsigned n, size_t size) {
        for (unsigned i = 0; i < n; i++)
                check(talk_send(talk, size));
}

unsigned story_delivered(const Talk *talk) {
        unsigned n = 0;

        for (unsigned i = 0; i < talk->n_rounds; i++)
                n += talk->rounds[i].delivered;

        return n;
}
