/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What happened in a world, or in many
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* name, what it says */
#define SUMS(X) \
        X(seeds, "seeds") \
        X(nodes, "nodes") \
        X(progs, "programs") \
        X(ports, "ports") \
        X(faults, "faults") \
        X(sent, "messages sent") \
        X(delivered, "messages delivered") \
        X(lost, "messages lost") \
        X(watched, "monitors started") \
        X(limited, "monitors over the limit") \
        X(fired, "monitors fired") \
        X(downs, "downs told") \
        X(ups, "nodes up") \
        X(reconnects, "reconnects") \
        X(failures, "attempts failed") \
        X(accepted, "connections accepted") \
        X(refused, "handshakes refused") \
        X(turned_away, "connections turned away") \
        X(secured, "ends with TLS") \
        X(slow, "programs cut for slowness") \
        X(slow_peers, "peers cut for slowness") \
        X(asked, "spawns asked for") \
        X(spawned, "ports spawned") \
        X(unspawned, "spawns that failed") \
        X(over, "requests over a limit") \
        X(alarms, "simulator events")

typedef struct Sums {
#define SUMS_MEMBER(name, text) uint64_t name;
        SUMS(SUMS_MEMBER)
#undef SUMS_MEMBER
} Sums;

static inline void sums_add(Sums *to, const Sums *from) {
#define SUMS_ADD(name, text) to->name += from->name;
        SUMS(SUMS_ADD)
#undef SUMS_ADD
}

static inline void sums_print(const Sums *sums) {
#define SUMS_PRINT(name, text) (void) printf("# %12" PRIu64 " " text "\n", sums->name);
        SUMS(SUMS_PRINT)
#undef SUMS_PRINT
}
