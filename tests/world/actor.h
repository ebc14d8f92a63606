/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Programs that spawn ports
 *
 * Every one of them has the function, and spawns ports wherever it likes. Of a spawned port as much is
 * promised as of any other: the oracle doesn't know the difference.
 */

#include "tests/world/talk.h"
#include "tests/world/world.h"

/* NULL: its node doesn't run. */
Prog *actor_new(Host *host);
/* Spawns a port, and talks to it; the function exists, or doesn't. */
Talk *actor_spawn(Prog *prog, Host *host, bool exists);
/* They live, and then it is quiet: all has to be as promised. */
bool actors_live(World *world, unsigned turns, bool faults);
/* A spawned port is watched by its aempd whether anybody else does or not, which the oracle doesn't know. */
void actors_forget_watched(World *world);
/* Before the world is freed. */
void actors_free(World *world);
