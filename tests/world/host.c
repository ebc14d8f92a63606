/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/world/oracle.h"
#include "tests/world/world.h"

struct Lookup {
        List link;
        Alarm alarm;
        Host *host;
        uint64_t id;
        char name[];
};

static const ProcOps host_proc_ops;

/* --- turns ------------------------------------------------------------------------------------------- */

static void host_begin(Proc *proc) {
        Host *host = container_of(proc, Host, proc);
        uint64_t now = host->world->sim.now;

        node_set_time(host->node, host->booted + now, 1700000000 * USEC_PER_SEC + now);
}

static void host_end(Proc *proc) {
        Host *host = container_of(proc, Host, proc);
        Sim *sim = &host->world->sim;

        if (!alarm_is_set(&host->turn))
                alarm_set(sim, &host->turn, sim->now + rng_below(&sim->rng, 60));
}

static void host_turn(Alarm *alarm) {
        Host *host = container_of(alarm, Host, turn);
        uint64_t now = host->booted + host->world->sim.now, deadline;
        Stream *stream;

        if (host->proc.frozen)
                return; /* host_thaw() makes up for it */

        host_begin(&host->proc);
        if (node_deadline(host->node) <= now)
                node_tick(host->node);
        while ((stream = node_next_dirty(host->node)))
                end_flush(stream->edge);

        deadline = node_deadline(host->node);
        if (deadline == USEC_INFINITY)
                alarm_clear(&host->world->sim, &host->tick);
        else
                alarm_set(&host->world->sim, &host->tick,
                        deadline > host->booted ? deadline - host->booted : 0);
}

static void host_tick(Alarm *alarm) {
        Host *host = container_of(alarm, Host, tick);

        host_turn(&host->turn);
}

/* --- the edge ---------------------------------------------------------------------------------------- */

static void edge_random(void *userdata, void *to, size_t n) {
        Host *host = userdata;
        uint8_t *p = to;

        for (size_t i = 0; i < n; i++)
                p[i] = (uint8_t) rng_next(&host->world->sim.rng);
}

static void edge_connect(void *userdata, Stream *stream, const char *address) {
        Host *host = userdata;

        (void) cable_open(&host->proc, stream, address);
}

static void lookup_free(Lookup *lookup) {
        alarm_clear(&lookup->host->world->sim, &lookup->alarm);
        list_unlink(&lookup->link);
        free(lookup);
}

static void lookup_done(Alarm *alarm) {
        Lookup *lookup = container_of(alarm, Lookup, alarm);
        Host *host = lookup->host;
        char text[2][64];
        const char *addresses[2] = {text[0], text[1]};
        size_t n;

        if (host->proc.frozen) {
                alarm_set(&host->world->sim, alarm, host->world->sim.now + 20000);
                return;
        }

        n = world_resolve(host->world, lookup->name, text);
        host_begin(&host->proc);
        node_resolved(host->node, lookup->id, addresses, n, n > 0 ? NULL : "Name or service not known");
        host_end(&host->proc);
        lookup_free(lookup);
}

static void edge_resolve(void *userdata, uint64_t id, const char *address) {
        Host *host = userdata;
        Sim *sim = &host->world->sim;
        Lookup *lookup = calloc(1, sizeof(*lookup) + strlen(address) + 1);
        bool numeric = address[0] >= '0' && address[0] <= '9';

        if (!lookup)
                abort();

        lookup->host = host;
        lookup->id = id;
        strcpy(lookup->name, address);
        list_append(&host->lookups, &lookup->link);
        alarm_init(&lookup->alarm, lookup_done);
        alarm_set(sim, &lookup->alarm, sim->now + (numeric ? 0 : rng_delay(&sim->rng, 300000)));
}

static const char *const event_names[_EVENT_TYPE_MAX] = {
        [EVENT_NODE_UP] = "node-up",
        [EVENT_NODE_DOWN] = "node-down",
        [EVENT_CONNECT_FAILED] = "connect-failed",
        [EVENT_SEED_FAILED] = "seed-failed",
        [EVENT_CONN_REFUSED] = "conn-refused",
        [EVENT_PROTOCOL_ERROR] = "protocol-error",
        [EVENT_REQUEST_FAILED] = "request-failed",
        [EVENT_CLIENT_ATTACHED] = "client-attached",
        [EVENT_CLIENT_DETACHED] = "client-detached",
        [EVENT_CLIENT_REFUSED] = "client-refused",
        [EVENT_SEED_SELF] = "seed-self",
        [EVENT_SLOW] = "slow",
        [EVENT_NO_MEMORY] = "no-memory",
};

static void edge_event(void *userdata, const Event *event) {
        Host *host = userdata;

        sim_trace(&host->world->sim, "%s: %s %s %s %s", host->id, event_names[event->type],
                event->node ?: "-", event->who ?: "-", event->text ?: "-");
        oracle_event(host, event);
}

static const NodeEdge edge = {
        .random = edge_random,
        .connect = edge_connect,
        .resolve = edge_resolve,
        .event = edge_event,
};

/* --- its life ---------------------------------------------------------------------------------------- */

void host_init(Host *host, World *world, unsigned index, const char *id) {
        *host = (Host){.world = world, .index = index};
        snprintf(host->id, sizeof(host->id), "%s", id);
        proc_init(&host->proc, &world->net, index, &host_proc_ops);
        host_move(host, index);
        alarm_init(&host->turn, host_turn);
        alarm_init(&host->tick, host_tick);
        list_init(&host->lookups);
}

void host_move(Host *host, unsigned place) {
        host->place = host->proc.host = place;
        snprintf(host->address, sizeof(host->address), "10.0.0.%u:4040", place);
}

void host_deinit(Host *host) {
        if (host->node)
                host_crash(host, /* silent= */ false);
}

void host_choose_links(Host *host, Rng *rng) {
        static const char *const hmac[] = {"hmac_sha3_512", NULL};
        static const char *const all[] = {"cleartext", "tls_anon", "hmac_sha3_512", "tls_sha3_512", NULL};
        static const char *const json_first[] = {"json", "cbor", NULL};
        static const char *const cbor_only[] = {"cbor", NULL};
        static const char *const *const accepts[] = {NULL, NULL, hmac, all};
        static const char *const *const offers[] = {NULL, NULL, all};
        static const char *const *const framings[] = {NULL, NULL, json_first, json_first, cbor_only};
        /* in the middle of a change of secrets */
        static const NodeSecret secrets[][2] = {
                {{"geheim", 6}, {"new one", 7}},
                {{"new one", 7}, {"geheim", 6}},
        };

        host->tls = rng_percent(rng, 50);
        host->auth_accept = accepts[rng_below(rng, 4)];
        host->auth_offer = offers[rng_below(rng, 3)];
        host->framings = framings[rng_below(rng, 5)];
        host->secrets = secrets[rng_below(rng, 2)];
}

void host_start(Host *host) {
        World *world = host->world;
        const char *binds[] = {host->address};
        NodeConfig config = world->node_config;

        config.id = host->id;
        config.seeds = host->seeds;
        config.tls = host->tls;
        config.auth_offer = host->auth_offer;
        config.auth_accept = host->auth_accept;
        config.framings = host->framings;
        if (host->secrets) {
                config.secrets = host->secrets;
                config.n_secrets = 2;
        }
        if (node_new(&host->node, &config, &edge, host) < 0)
                abort();

        host->starts++;
        host->booted = rng_below(&world->sim.rng, 1000 * USEC_PER_SEC);
        net_set_dark(&world->net, host->place, false);
        world->net.listeners[host->place] = &host->proc;
        sim_trace(&world->sim, "%s: starts", host->id);

        host_begin(&host->proc);
        if (node_set_binds(host->node, binds, 1) < 0)
                abort();
        node_start(host->node);
        host_end(&host->proc);
}

void host_crash(Host *host, bool silent) {
        World *world = host->world;

        if (!host->node)
                return;

        sim_trace(&world->sim, "%s: %s", host->id, silent ? "loses power" : "is killed");
        host->proc.frozen = false;
        alarm_clear(&world->sim, &host->turn);
        alarm_clear(&world->sim, &host->tick);
        while (!list_is_empty(&host->lookups))
                lookup_free(container_of(host->lookups.next, Lookup, link));

        world->net.listeners[host->place] = NULL;
        if (silent)
                net_set_dark(&world->net, host->place, true);
        oracle_host_gone(host);
        proc_kill(&host->proc, silent);
        host->node = node_free(host->node);
        memset(host->up, 0, sizeof(host->up));
}

void host_freeze(Host *host) {
        sim_trace(&host->world->sim, "%s: stands still", host->id);
        proc_freeze(&host->proc);
}

void host_thaw(Host *host) {
        if (!host->proc.frozen)
                return;

        sim_trace(&host->world->sim, "%s: goes on", host->id);
        proc_thaw(&host->proc);
        host_end(&host->proc);
}

static int host_accept(Proc *proc, const char *address, Stream **ret) {
        Host *host = container_of(proc, Host, proc);
        int r = node_accept(host->node, address, ret);

        host->world->sums.accepted += r == 0;
        host->world->sums.turned_away += r == -EBUSY;
        return r;
}

static const ProcOps host_proc_ops = {
        .begin = host_begin,
        .end = host_end,
        .accept = host_accept,
};

int host_attach(Host *host, Proc *prog, Stream *stream, const ClientCreds *creds, size_t capacity) {
        Stream *there;
        int r;

        if (!host->node)
                return -ECONNREFUSED;
        if (host->proc.frozen)
                return -EAGAIN;

        host_begin(&host->proc);
        r = node_attach(host->node, creds, &there);
        host_end(&host->proc);
        if (r < 0)
                return r;

        (void) cable_pair(prog, stream, &host->proc, there, capacity);
        return 0;
}
