/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Planted bugs
 *
 * A test that can't fail proves nothing. The world tests compile the core a second time with PLANTED_BUGS
 * and demand that each of these is found. In every other build PLANTED() is the constant false.
 */

#include <stdbool.h>

#define PLANTED_BUG_NAMES \
        "skip_monitor",             /* one of several monitors of a port does not fire */ \
                "fire_twice",       /* a monitor fires again */ \
                "drop_queue",       /* an attempt fails, its queue goes, and nobody is told */ \
                "accept_both",      /* a second connection replaces the first without a word */ \
                "early_after_down", /* what a client sent before it answered `down` gets through */ \
                "second_watcher",   /* only the first who monitors a port is remembered */ \
                "same_prefix",      /* a later client gets a prefix that was used */ \
                "reorder_queue",    /* the unsent queue goes out behind what the node-up causes */ \
                "slow_drop",        /* at the hard limit messages go, not the connection */ \
                "mon_while_down",   /* a monitor that comes before `down` is answered is forgotten */ \
                "spawn_fire_twice", /* the monitors of a spawned port fire again */ \
                "obituary_lost"     /* who watches a spawned port too late is not told */

#ifdef PLANTED_BUGS
bool planted(const char *name);
extern const char *planted_bug;
#define PLANTED(name) planted(#name)
#else
#define PLANTED(name) false
#endif
