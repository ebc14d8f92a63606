/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The network between simulated hosts
 *
 * Host N has the address 10.0.0.N and one listener on port 4040. Each ordered pair of hosts has its latency
 * and can be cut on its own, each host can lose its power.
 */

#include "tests/world/cable.h"

#define NET_HOSTS_MAX 64

struct Net {
        Sim *sim;
        List cables;
        unsigned next_port; /* of outgoing connections */
        uint64_t n_secured; /* ends on which TLS came about */
        uint64_t user_timeout;
        Proc *listeners[NET_HOSTS_MAX];
        bool dark[NET_HOSTS_MAX]; /* no power */
        bool cut[NET_HOSTS_MAX][NET_HOSTS_MAX];
        uint64_t latency[NET_HOSTS_MAX][NET_HOSTS_MAX];

        /* the kind of network that it is */
        bool grained;          /* odd segment sizes */
        bool narrow;           /* small buffers, little bandwidth */
        unsigned tls_failures; /* percent, of each step of TLS */
};

void net_init(Net *net, Sim *sim);
void net_deinit(Net *net);

void proc_init(Proc *proc, Net *net, unsigned host, const ProcOps *ops);
/* It ends: its sockets are closed by its kernel, or vanish with its host. */
void proc_kill(Proc *proc, bool silent);
void proc_freeze(Proc *proc);
void proc_thaw(Proc *proc);

/* NULL: nobody listens there. */
Proc *net_listener(const Net *net, const char *address);
unsigned net_host_of(const char *address);
uint64_t net_latency(Net *net, unsigned from, unsigned to);
bool net_is_open(const Net *net, unsigned from, unsigned to);
/* Gives the pipes of a new connection what its path is like. */
void net_dress(Net *net, Cable *cable, unsigned from, unsigned to);

void net_cut(Net *net, unsigned from, unsigned to);
void net_heal(Net *net, unsigned from, unsigned to);
void net_set_dark(Net *net, unsigned host, bool dark);
/* Somebody between resets what connects the two: one end is told, or both. */
void net_reset(Net *net, unsigned a, unsigned b, bool both);
