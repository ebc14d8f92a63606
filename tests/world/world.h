/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A world: hosts with their nodes, programs, a network, a clock
 */

#include "tests/world/host.h"
#include "tests/world/oracle.h"
#include "tests/world/prog.h"
#include "tests/world/sums.h"

typedef enum Topology {
        TOPOLOGY_MESH, /* every node has all others as seeds */
        TOPOLOGY_HALF, /* of each pair, one has the other as seed */
        TOPOLOGY_HUBS, /* all have one or two hubs as seeds, by name */
} Topology;

typedef struct WorldConfig {
        uint64_t seed;
        unsigned n_hosts;
        Topology topology;
        FILE *trace; /* NULL: none */
} WorldConfig;

struct World {
        Sim sim;
        Net net;
        WorldConfig config;
        NodeConfig node_config;    /* of all nodes, may be changed before they start */
        Host hosts[NET_HOSTS_MAX]; /* from 1 */
        unsigned n_hosts;
        unsigned n_hubs;
        bool calm; /* world_heal() was called: what still breaks things stops */

        Prog **progs;
        unsigned n_progs;
        Port **ports;
        unsigned n_ports;
        Talk **talks;
        unsigned n_talks;

        void **kept;
        unsigned n_kept;

        size_t socket_capacity;          /* of attach sockets */
        Buf scratch, converted, strings; /* of messages being built, sent, read */
        void (*on_prog_over)(Prog *prog);
        void (*on_fired)(Talk *talk);
        struct Act *act; /* behave.h; kept */

        Sums sums;
        char failure[512]; /* empty: all is well */
};

World *world_new(const WorldConfig *config);
World *world_free(World *world);

/* All nodes start at the same moment, or one after the other within `spread`. */
void world_start(World *world, uint64_t spread);
/* Virtual time passes: false when something was not as promised. */
bool world_run(World *world, uint64_t duration);
bool world_run_until(World *world, bool (*done)(World *world), uint64_t at_most);

Host *world_host(World *world, unsigned index);
/* NULL: no such node. */
Host *world_node(World *world, Str id);
/* Connections between nodes, as both ends see them; pairs of nodes that run. */
unsigned world_count_cables(const World *world);
unsigned world_count_pairs(const World *world);
/* Every running node is connected with every other. */
bool world_is_whole(World *world);
/* So many nodes are hubs: 1 or 2. */
void world_set_hubs(World *world, unsigned n);
/* Seeds of all, as they are where they are. Counts when a node starts. */
void world_set_seeds(World *world);
/* Path, power, processes: all is well again. */
void world_heal(World *world);
void world_cut(World *world, unsigned a, unsigned b, bool there, bool back);

/* Numeric addresses of "host:port". */
size_t world_resolve(World *world, const char *name, char ret[2][64]);

/* Freed with the world. */
void world_keep(World *world, void *p);

void world_add_prog(World *world, Prog *prog);
void world_add_port(World *world, Port *port);
void world_add_talk(World *world, Talk *talk);
