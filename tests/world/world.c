/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/world.h"

#include <stdlib.h>

static void *checked(void *p) {
        if (!p)
                abort();
        return p;
}

/* --- tables ------------------------------------------------------------------------------------------ */

#define TABLE_ADD(table, n, entry) \
        do { \
                if (((n) & ((n) -1)) == 0) \
                        (table) = checked(realloc((table), ((n) ? (n) *2 : 1) * sizeof(*(table)))); \
                (table)[(n)++] = (entry); \
        } while (0)

void world_add_prog(World *world, Prog *prog) {
        TABLE_ADD(world->progs, world->n_progs, prog);
}

void world_add_port(World *world, Port *port) {
        TABLE_ADD(world->ports, world->n_ports, port);
}

void world_add_talk(World *world, Talk *talk) {
        TABLE_ADD(world->talks, world->n_talks, talk);
}

void world_keep(World *world, void *p) {
        TABLE_ADD(world->kept, world->n_kept, p);
}

Host *world_host(World *world, unsigned index) {
        return &world->hosts[index];
}

Host *world_node(World *world, Str id) {
        for (unsigned i = 1; i <= world->n_hosts; i++)
                if (str_is(id, world->hosts[i].id))
                        return &world->hosts[i];

        return NULL;
}

/* --- names ------------------------------------------------------------------------------------------- */

/* "hub1.example" has the address of host 1; "hub2.example" that of host 2, behind one where nobody is. */
size_t world_resolve(World *world, const char *name, char ret[2][64]) {
        unsigned hub;

        if (name[0] >= '0' && name[0] <= '9') {
                snprintf(ret[0], 64, "%s", name);
                return 1;
        }
        if (sscanf(name, "hub%u.", &hub) != 1 || hub < 1 || hub > world->n_hosts ||
                rng_percent(&world->sim.rng, 5))
                return 0;

        if (hub == 2)
                snprintf(ret[0], 64, "10.0.0.%u:4040", NET_HOSTS_MAX - 1);
        snprintf(ret[hub == 2], 64, "%s", world->hosts[hub].address);
        return hub == 2 ? 2 : 1;
}

static void host_seeds(Host *host) {
        static const char *const hubs[] = {"hub1.example:4040", "hub2.example:4040"};
        World *world = host->world;
        unsigned n = 0;

        memset(host->seeds, 0, sizeof(host->seeds));
        if (world->config.topology == TOPOLOGY_HUBS) {
                for (unsigned i = 0; i < world->n_hubs; i++)
                        host->seeds[n++] = hubs[i];
                return;
        }

        for (unsigned i = 1; i <= world->n_hosts; i++)
                if (i != host->index && (world->config.topology == TOPOLOGY_MESH || i < host->index))
                        host->seeds[n++] = world->hosts[i].address;
}

void world_set_seeds(World *world) {
        for (unsigned i = 1; i <= world->n_hosts; i++)
                host_seeds(&world->hosts[i]);
}

void world_set_hubs(World *world, unsigned n) {
        world->n_hubs = n;
        world_set_seeds(world);
}

/* --- its life ---------------------------------------------------------------------------------------- */

World *world_new(const WorldConfig *config) {
        static const NodeSecret secret = {"geheim", 6};
        World *world = checked(calloc(1, sizeof(*world)));
        char id[64];

        world->config = *config;
        sim_init(&world->sim, config->seed);
        world->sim.trace = config->trace;
        net_init(&world->net, &world->sim);
        world->n_hosts = config->n_hosts;
        world->n_hubs = 1;
        world->socket_capacity = 200000;
        world->node_config = (NodeConfig){
                .secrets = &secret,
                .n_secrets = 1,
                .monitor_timeout = 30 * USEC_PER_SEC,
                .connect_interval = 2 * USEC_PER_SEC,
                .handshake_timeout = 5 * USEC_PER_SEC,
                .heartbeat_interval = 5 * USEC_PER_SEC,
                .max_message = 16 << 20,
                .client_high = 1 << 20,
                .client_hard = 64 << 20,
                .peer_high = 16 << 20,
                .peer_hard = 256 << 20,
                .max_half_open = 256,
                .max_clients = 1000,
                .max_monitors = 100000,
                .max_contacts = 1000,
        };

        for (unsigned i = 1; i <= config->n_hosts; i++) {
                snprintf(id, sizeof(id), i % 3 ? "n%u" : "host-%u.example/", i);
                host_init(&world->hosts[i], world, i, id);
        }
        world_set_seeds(world);

        return world;
}

World *world_free(World *world) {
        /* nobody is to be told any more */
        for (unsigned i = 1; i <= world->n_hosts; i++)
                host_deinit(&world->hosts[i]);
        net_deinit(&world->net);

        for (unsigned i = 0; i < world->n_talks; i++)
                talk_free(world->talks[i]);
        for (unsigned i = 0; i < world->n_ports; i++) {
                free(world->ports[i]->id);
                free(world->ports[i]);
        }
        for (unsigned i = 0; i < world->n_progs; i++)
                prog_free(world->progs[i]);

        for (unsigned i = 0; i < world->n_kept; i++)
                free(world->kept[i]);

        free(world->kept);
        free(world->talks);
        free(world->ports);
        free(world->progs);
        buf_deinit(&world->scratch);
        buf_deinit(&world->converted);
        buf_deinit(&world->strings);
        sim_deinit(&world->sim);
        free(world);
        return NULL;
}

void world_start(World *world, uint64_t spread) {
        const NodeConfig *config = &world->node_config;

        world->net.user_timeout = config->monitor_timeout - config->heartbeat_interval;
        for (unsigned i = 1; i <= world->n_hosts; i++) {
                host_start(&world->hosts[i]);
                if (spread > 0)
                        (void) world_run(world, rng_delay(&world->sim.rng, spread));
        }
}

bool world_run(World *world, uint64_t duration) {
        sim_run(&world->sim, world->sim.now + duration);
        world->sums.alarms = world->sim.n_called;
        return !world->failure[0];
}

bool world_run_until(World *world, bool (*done)(World *world), uint64_t at_most) {
        uint64_t end = world->sim.now + at_most;

        while (!done(world) && world->sim.now < end)
                if (!world_run(world, at_most / 1000 + 1))
                        return false;

        return done(world);
}

bool world_is_whole(World *world) {
        unsigned ends = 0;

        for (unsigned i = 1; i <= world->n_hosts; i++)
                if (world->hosts[i].node)
                        ends += node_peers_up(world->hosts[i].node);

        return ends == 2 * world_count_pairs(world);
}

unsigned world_count_cables(const World *world) {
        unsigned n = 0;

        LIST_FOREACH (i, &world->net.cables) {
                const Cable *cable = container_of(i, Cable, by_net);

                n += !cable->local && cable->ends[0].ready && cable->ends[1].ready &&
                        !cable->ends[0].closed && !cable->ends[1].closed;
        }

        return n;
}

unsigned world_count_pairs(const World *world) {
        unsigned n = 0;

        for (unsigned i = 1; i <= world->n_hosts; i++)
                n += world->hosts[i].node != NULL;

        return n * (n - 1) / 2;
}

void world_cut(World *world, unsigned a, unsigned b, bool there, bool back) {
        sim_trace(&world->sim, "cut %s %s %s", world->hosts[a].id,
                there && back   ? "<->"
                        : there ? "->"
                                : "<-",
                world->hosts[b].id);
        if (there)
                net_cut(&world->net, a, b);
        if (back)
                net_cut(&world->net, b, a);
}

void world_heal(World *world) {
        sim_trace(&world->sim, "all heals");
        world->calm = true;
        world->net.tls_failures = 0;
        for (unsigned i = 1; i <= world->n_hosts; i++) {
                for (unsigned j = 1; j <= world->n_hosts; j++)
                        net_heal(&world->net, i, j);
                host_thaw(&world->hosts[i]);
                if (!world->hosts[i].node)
                        host_start(&world->hosts[i]);
        }
}
