/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What happens by chance: programs that do what programs do
 */

#include "tests/world/world.h"

typedef struct Act Act;

/* Programs begin to act, so that about `messages` are sent in all; they stop when that many are. */
void act_begin(World *world, unsigned messages);
bool act_is_over(World *world);
/* No more of it. What was paused goes on. */
void act_end(World *world);

/* A program that does things, on that host. NULL: its node can't take it now. */
Prog *act_prog(Host *host);
