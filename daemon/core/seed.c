/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * While any seed is not connected, all such are tried in rounds: at once, then after 1.2 to 2.4 s, the delay
 * doubling up to monitor_timeout. Losing one starts over, but no round follows another faster than the first
 * delay: a seed that accepts and drops us would make us spin.
 */

#include "daemon/core/seed.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/admin-put.h"
#include "daemon/core/conn.h"
#include "daemon/core/locate.h"
#include "daemon/core/remote.h"
#include "daemon/core/resolve.h"

#define SEED_DELAY_FIRST (1200 * USEC_PER_MSEC)
#define SEED_ADDRESSES_MAX 64

typedef struct Seed Seed;

/* One address of a seed. */
typedef struct SeedAddress {
        List link;
        Seed *seed;
        char *address;
        char *node;    /* who greeted there; NULL: not known yet */
        char *failure; /* why it is not connected; NULL: not known, or it is */
        bool self;     /* we did */
        bool seen;     /* in the answer being read */
        Attempt attempt;
} SeedAddress;

struct Seed {
        Seeds *seeds;
        char *name;
        char *failure; /* of looking it up */
        Lookup lookup;
        List addresses;
};

struct Seeds {
        Node *node;
        Timer timer;
        uint64_t delay;
        uint64_t last_round;
        size_t n;
        Seed seed[];
};

#define SEED_FOREACH(i, seeds) for (Seed *i = (Seed *) (seeds)->seed; i < (seeds)->seed + (seeds)->n; i++)

static bool seed_is_connected(const SeedAddress *a) {
        const Remote *remote = a->node ? remote_find(a->seed->seeds->node, str_from(a->node)) : NULL;

        return remote && remote->conn;
}

static bool seed_is_open(const SeedAddress *a) {
        return !a->self && !seed_is_connected(a);
}

bool seeds_hope(const Seeds *seeds) {
        SEED_FOREACH(seed, seeds) {
                if (list_is_empty(&seed->addresses))
                        return true;
                LIST_FOREACH (i, &seed->addresses)
                        if (seed_is_open(container_of(i, SeedAddress, link)))
                                return true;
        }

        return false;
}

/* Without memory it is just not known. */
static void seed_failure(char **failure, const char *why) {
        free(*failure);
        *failure = why ? strdup(why) : NULL;
}

/* --- an attempt -------------------------------------------------------------------------------------- */

static void seed_greeted(Attempt *attempt, Remote *remote) {
        SeedAddress *a = container_of(attempt, SeedAddress, attempt);
        Node *node = a->seed->seeds->node;

        free(a->node);
        a->node = NULL;
        seed_failure(&a->failure, NULL);
        if (!remote) {
                a->self = true;
                node_event(
                        node, EVENT_SEED_SELF, node->config.id, a->address, "this seed is this node itself");
                return;
        }

        a->node = strdup(remote->id);
        /* it may have connected to us before we knew that it is a seed */
        if (a->node && remote->conn)
                locate_node_up(remote);
}

static void seeds_again(Seeds *seeds) {
        uint64_t at = seeds->node->now;

        if (seeds->last_round + SEED_DELAY_FIRST > at)
                at = seeds->last_round + SEED_DELAY_FIRST;

        seeds->delay = SEED_DELAY_FIRST;
        timer_set(&seeds->node->timers, &seeds->timer, at);
}

static void seed_done(Attempt *attempt, const char *why) {
        SeedAddress *a = container_of(attempt, SeedAddress, attempt);
        Seeds *seeds = a->seed->seeds;

        if (!why || !seed_is_open(a))
                return;

        seed_failure(&a->failure, why);
        node_event(seeds->node, EVENT_SEED_FAILED, a->node, a->address, why);
        /* it counted as connected when the last round was due, and turned out to be another node */
        if (!seeds->timer.armed)
                seeds_again(seeds);
}

static void seed_try(SeedAddress *a) {
        Node *node = a->seed->seeds->node;

        if (!seed_is_open(a) || a->attempt.conn)
                return;
        if (conn_connect(node, a->address, &a->attempt) < 0)
                node_event(node, EVENT_NO_MEMORY, a->node, a->address, "out of memory");
}

/* --- addresses --------------------------------------------------------------------------------------- */

static void seed_address_free(SeedAddress *a) {
        if (a->attempt.conn)
                a->attempt.conn->attempt = NULL;
        list_unlink(&a->link);
        free(a->address);
        free(a->node);
        free(a->failure);
        free(a);
}

static SeedAddress *seed_address_get(Seed *seed, const char *address) {
        SeedAddress *a;

        LIST_FOREACH (i, &seed->addresses) {
                a = container_of(i, SeedAddress, link);
                if (strcmp(a->address, address) == 0)
                        return a;
        }

        a = calloc(1, sizeof(*a));
        if (!a)
                return NULL;

        a->seed = seed;
        a->attempt.greeted = seed_greeted;
        a->attempt.done = seed_done;
        list_init(&a->attempt.link);
        list_append(&seed->addresses, &a->link);
        a->address = strdup(address);
        if (!a->address) {
                seed_address_free(a);
                return NULL;
        }

        return a;
}

static void seed_resolved(Lookup *lookup, const char *const *addresses, size_t n, const char *error) {
        Seed *seed = container_of(lookup, Seed, lookup);
        Node *node = seed->seeds->node;

        if (n == 0) {
                /* what was known before stays: a name server that is down is no reason to forget */
                error = error ?: "name not found";
                seed_failure(&seed->failure, error);
                node_event(node, EVENT_SEED_FAILED, NULL, seed->name, error);
        } else {
                LIST_FOREACH (i, &seed->addresses)
                        container_of(i, SeedAddress, link)->seen = false;

                for (size_t i = 0; i < n && i < SEED_ADDRESSES_MAX; i++) {
                        SeedAddress *a = seed_address_get(seed, addresses[i]);

                        if (a)
                                a->seen = true;
                }

                LIST_FOREACH (i, &seed->addresses) {
                        SeedAddress *a = container_of(i, SeedAddress, link);

                        if (!a->seen && !seed_is_connected(a))
                                seed_address_free(a);
                }
        }

        LIST_FOREACH (i, &seed->addresses)
                seed_try(container_of(i, SeedAddress, link));
}

/* --- rounds ------------------------------------------------------------------------------------------ */

static void seeds_round(Timer *timer) {
        Seeds *seeds = container_of(timer, Seeds, timer);
        Node *node = seeds->node;
        uint64_t jitter;

        if (!seeds_hope(seeds)) {
                seeds->delay = SEED_DELAY_FIRST;
                return;
        }

        seeds->last_round = node->now;
        SEED_FOREACH(seed, seeds)
        if (!seed->lookup.pending && lookup_start(&seed->lookup, node, seed->name) < 0)
                node_event(node, EVENT_NO_MEMORY, NULL, seed->name, "out of memory");

        node->edge->random(node->userdata, &jitter, sizeof(jitter));
        timer_set(&node->timers, timer, node->now + seeds->delay + jitter % seeds->delay);
        seeds->delay *= 2;
        if (seeds->delay > node->config.monitor_timeout / 2)
                seeds->delay = node->config.monitor_timeout / 2;
        if (seeds->delay < SEED_DELAY_FIRST)
                seeds->delay = SEED_DELAY_FIRST;
}

void seeds_start(Seeds *seeds) {
        if (seeds->n > 0)
                timer_set(&seeds->node->timers, &seeds->timer, seeds->node->now);
}

void seeds_node_down(Seeds *seeds, Remote *remote) {
        if (seeds_has(seeds, remote))
                seeds_again(seeds);
}

/* --- questions --------------------------------------------------------------------------------------- */

const char *seeds_address(const Seeds *seeds, Str node_id) {
        SEED_FOREACH(seed, seeds)
        LIST_FOREACH (i, &seed->addresses) {
                SeedAddress *a = container_of(i, SeedAddress, link);

                if (a->node && str_is(node_id, a->node))
                        return a->address;
        }

        return NULL;
}

bool seeds_has(const Seeds *seeds, const Remote *remote) {
        return seeds_address(seeds, remote_str(remote)) != NULL;
}

static void seed_describe(const SeedAddress *a, const char *address, const char *failure, Buf *to) {
        bool connected = a && (a->self || seed_is_connected(a));

        cbor_put_map(to, 4);
        cbor_put_text(to, STR_LIT("address"));
        cbor_put_str(to, str_from(address));
        cbor_put_text(to, STR_LIT("node"));
        if (a && a->self)
                cbor_put_str(to, a->seed->seeds->node->id);
        else if (a && a->node)
                cbor_put_str(to, str_from(a->node));
        else
                cbor_put_null(to);
        cbor_put_text(to, STR_LIT("connected"));
        cbor_put_bool(to, connected);
        put_str(to, "reason", connected ? NULL : failure);
}

void seeds_describe(const Seeds *seeds, Buf *to) {
        uint64_t n = 0;

        SEED_FOREACH(seed, seeds) {
                n += list_is_empty(&seed->addresses);
                LIST_FOREACH (i, &seed->addresses)
                        n++;
        }

        cbor_put_array(to, n);
        SEED_FOREACH(seed, seeds) {
                if (list_is_empty(&seed->addresses))
                        seed_describe(NULL, seed->name, seed->failure, to);
                LIST_FOREACH (i, &seed->addresses) {
                        const SeedAddress *a = container_of(i, SeedAddress, link);

                        seed_describe(a, a->address, a->failure, to);
                }
        }
}

/* --- its life ---------------------------------------------------------------------------------------- */

int seeds_new(Seeds **ret, Node *node, const char *const *addresses) {
        Seeds *seeds;
        size_t n = 0;

        while (addresses && addresses[n])
                n++;

        seeds = calloc(1, sizeof(*seeds) + n * sizeof(Seed));
        if (!seeds)
                return -ENOMEM;

        seeds->node = node;
        seeds->delay = SEED_DELAY_FIRST;
        timer_init(&seeds->timer, seeds_round);
        for (size_t i = 0; i < n; i++) {
                Seed *seed = &seeds->seed[seeds->n++];

                seed->seeds = seeds;
                seed->lookup.done = seed_resolved;
                list_init(&seed->addresses);
                seed->name = strdup(addresses[i]);
                if (!seed->name) {
                        seeds_free(seeds);
                        return -ENOMEM;
                }
        }

        *ret = seeds;
        return 0;
}

Seeds *seeds_free(Seeds *seeds) {
        if (!seeds)
                return NULL;

        timer_stop(&seeds->node->timers, &seeds->timer);
        SEED_FOREACH(seed, seeds) {
                lookup_cancel(&seed->lookup);
                while (!list_is_empty(&seed->addresses))
                        seed_address_free(container_of(seed->addresses.next, SeedAddress, link));
                free(seed->name);
                free(seed->failure);
        }
        free(seeds);
        return NULL;
}
