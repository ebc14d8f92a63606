/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A host, and the node that runs on it
 *
 * The edge of daemon/core/node.h over simulated sockets: what daemon/ is on a real machine. Inputs are
 * gathered for a moment and then the turn ends, as in an event loop.
 */

#include "daemon/core/node.h"
#include "tests/world/net.h"

typedef struct Host Host;
typedef struct World World;

typedef struct Lookup Lookup;

struct Host {
        Proc proc;
        World *world;
        unsigned index; /* from 1: who it is */
        unsigned place; /* where it is: its address is 10.0.0.<place>:4040. At first the same */
        char id[64];
        char address[64];
        const char *seeds[NET_HOSTS_MAX + 1];
        /* its links: as in NodeConfig */
        bool tls;
        const char *const *auth_offer, *const *auth_accept, *const *framings;
        const NodeSecret *secrets; /* two; NULL: the world's */

        Node *node; /* NULL: it doesn't run */
        unsigned starts;
        uint64_t booted; /* zero of the monotonic clock, before the zero of the world's */
        Alarm turn;      /* the present turn ends */
        Alarm tick;
        List lookups;

        /* what the node told, by host index */
        bool up[NET_HOSTS_MAX];
        bool met[NET_HOSTS_MAX];
        unsigned losses[NET_HOSTS_MAX]; /* connections lost, attempts failed */
        unsigned refused;               /* handshakes */
};

void host_init(Host *host, World *world, unsigned index, const char *id);
void host_deinit(Host *host);
/* With links of some kind, all of which go together. Counts when its node starts. */
void host_choose_links(Host *host, Rng *rng);

/* It is another machine, at that address, that has its ID. While its node does not run. */
void host_move(Host *host, unsigned place);
/* The node starts (again), with random octets and a clock of its own. */
void host_start(Host *host);
/* It is killed; `silent`: by loss of power, the host can't be reached before host_start(). */
void host_crash(Host *host, bool silent);
/* It doesn't get to run, its kernel does. */
void host_freeze(Host *host);
void host_thaw(Host *host);

/* A program connects to the attach socket: 0, or -ECONNREFUSED, -EAGAIN. */
int host_attach(Host *host, Proc *prog, Stream *stream, const ClientCreds *creds, size_t capacity);
