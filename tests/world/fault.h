/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Faults
 *
 * Cuts, one way or both, of one path or of a host; nodes killed, or gone with their power, or standing
 * still; resets; both ends connecting at once; programs that die or don't read. Each heals by itself after a
 * while.
 */

#include "tests/world/world.h"

void fault_any(World *world);
