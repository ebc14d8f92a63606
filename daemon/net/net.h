/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The network side of a node
 *
 * Owns all that has to do with TCP and names.
 */

#include "daemon/core/node.h"
#include "daemon/io/pump.h"
#include "daemon/net/certificate.h"

typedef struct Net Net;

typedef struct NetConfig {
        const char *const *binds; /* NULL-terminated endpoints (net/endpoint.h); stays the caller's */
        uint64_t monitor_timeout; /* microseconds */
        uint64_t heartbeat_interval;
        bool nodelay;
        Certificate *certificate; /* NULL: no TLS. Stays the caller's */
} NetConfig;

/* All binds are open and were told to the node; or -errno, and it was logged. */
typedef void (*NetReadyFn)(void *userdata, int r);

int net_new(Net **ret, PumpRoom *room, const NetConfig *config, NetReadyFn fn, void *userdata);
Net *net_free(Net *net);

/* Begins to listen for that node; fn is called in a later turn. */
int net_open(Net *net, Node *node);

/* As in NodeEdge. */
void net_connect(Net *net, Stream *stream, const char *address);
void net_resolve(Net *net, uint64_t id, const char *address);
