/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Small worlds with a plot
 *
 * What the tests of single stories share. The oracle watches these, too: whatever it finds fails the test.
 */

#include "tests/unit/test.h"
#include "tests/world/talk.h"
#include "tests/world/world.h"

#define check_world(world) check_str((world)->failure, "")

/* Where the trace goes: WORLD_TRACE=<seed> in the environment shows that of one seed. NULL: nowhere. */
FILE *story_trace(uint64_t seed);
/* Nodes that all know each other, up and connected. */
World *story_new(unsigned n_hosts, uint64_t seed);
/* Time passes, and nothing is wrong. */
void story_run(World *world, uint64_t duration);
/* The network is whole before that long. */
void story_run_until_whole(World *world, uint64_t at_most);
/* It is quiet: checks that nothing is missing, and frees it. */
void story_end(World *world);

/* An attached program. */
Prog *story_prog(World *world, unsigned host);
/* Between new ports of the two, monitored. */
Talk *story_talk(Prog *from, Prog *to);
/* So many messages of some octets, now. */
void story_say(Talk *talk, unsigned n, size_t size);
unsigned story_delivered(const Talk *talk);
