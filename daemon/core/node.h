/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* clang-format off */
/*
 * The node, as its edges see it
 *
 * A machine: octets, time and random octets go in; octets and events come out. It has no fd, clock or log. Whoever
 * runs it (the daemon with sockets, a test with a simulated network) does, once a turn:
 *
 *         node_set_time(node, monotonic, realtime);
 *         ... stream_input(), stream_connected(), stream_closed(), node_accept(), node_attach(), node_resolved() ...
 *         if (node_deadline(node) <= monotonic)
 *                 node_tick(node);
 *         while ((stream = node_next_dirty(node)))
 *                 ... write, pause or resume reading, close: whatever the stream now asks for
 *
 * No call of the node calls back into the edge but through NodeEdge, whose functions must not call the node.
 */
/* clang-format on */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/core/stream.h"

typedef struct Node Node;

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MSEC 1000ULL
#define USEC_INFINITY UINT64_MAX

/* What all nodes of a network know. */
typedef struct NodeSecret {
        const void *octets;
        size_t len;
} NodeSecret;

/* All strings are copied. Times are in microseconds, sizes in octets. Lists end with NULL. */
typedef struct NodeConfig {
        const char *id;            /* valid (wire/id.h) */
        const char *const *seeds;  /* "host:port"; may be NULL */
        const NodeSecret *secrets; /* the first is sent, all are accepted; none: only TLS proves anything */
        size_t n_secrets;
        bool tls;                       /* the edge has a certificate: TLS is offered */
        uint64_t certificate_starts;    /* of our own certificate, seconds since 1970 */
        uint64_t certificate_expires;   /* 0: there is none */
        const char *const *auth_offer;  /* methods we may send; NULL: tls_sha3_512, hmac_sha3_512 */
        const char *const *auth_accept; /* methods we accept, in this order; NULL: the same */
        const char *const *framings;    /* framings we send and accept, in this order; NULL: cbor, json */
        uint64_t monitor_timeout;
        uint64_t connect_interval;
        uint64_t handshake_timeout;
        uint64_t heartbeat_interval;
        size_t max_message;
        size_t client_high, client_hard; /* queued output: pause those who feed it; cut it */
        size_t peer_high, peer_hard;
        unsigned max_half_open; /* accepted connections in their handshake */
        unsigned max_clients;
        unsigned max_monitors; /* per client, and per peer */
        unsigned max_contacts; /* nodes that one client may talk to at a time */
        unsigned max_names;    /* well-known names and functions, per uid */
        unsigned max_spawned;  /* live ports that were spawned here, per uid and per peer that asked */
        const uid_t *admins;   /* besides root and the daemon's own uid */
        size_t n_admins;
        uid_t own_uid;
        pid_t own_pid; /* for aempd::status only */
} NodeConfig;

typedef enum EventType {
        EVENT_NODE_UP,         /* node, who: its address */
        EVENT_NODE_DOWN,       /* node, who: its address, text: why */
        EVENT_CONNECT_FAILED,  /* node, who: the last address that failed, or NULL: none is known, text */
        EVENT_SEED_FAILED,     /* node (or NULL: nobody greeted there yet), who: address, text */
        EVENT_CONN_REFUSED,    /* node as claimed or NULL, who: address, text: why. Handshake failed or not
                                  allowed */
        EVENT_PROTOCOL_ERROR,  /* node or NULL, who: address or client, text: what was wrong; the connection
                                  ends */
        EVENT_REQUEST_FAILED,  /* node or NULL, who, text: a request that could not be carried out */
        EVENT_CLIENT_ATTACHED, /* who: "program[pid]" */
        EVENT_CLIENT_DETACHED, /* who, text: why */
        EVENT_CLIENT_REFUSED,  /* who, text: attach line not accepted */
        EVENT_SEED_SELF,       /* who: address of the seed that is this node */
        EVENT_SLOW,            /* node or NULL, who, text: cut at the hard limit */
        EVENT_NO_MEMORY,       /* who, text */
        _EVENT_TYPE_MAX,
} EventType;

/* Borrowed, valid during the call. Texts may hold what a stranger sent: control characters are already
 * replaced. */
typedef struct Event {
        EventType type;
        const char *node;
        const char *who;
        const char *text;
} Event;

typedef struct NodeEdge {
        /* Octets nobody can guess. */
        void (*random)(void *userdata, void *to, size_t n);
        /* Start connecting to a numeric "ip:port" or "[v6]:port". Keep `stream` (and set stream->edge);
         * answer later with stream_connected() or stream_closed(). When the stream is dirty with ->closing
         * before that, give up and answer stream_closed(). */
        void (*connect)(void *userdata, Stream *stream, const char *address);
        /* Resolve "host:port" (numeric ones too); answer later with node_resolved(). */
        void (*resolve)(void *userdata, uint64_t id, const char *address);
        /* Something an operator may care about: the edge decides at which level to log it. */
        void (*event)(void *userdata, const Event *event);
} NodeEdge;

/* 0, -ENOMEM, -EINVAL (a value in config that can't be), -EOPNOTSUPP (no HMAC-SHA3-512). */
int node_new(Node **ret, const NodeConfig *config, const NodeEdge *edge, void *userdata);
/* All streams must have been closed with stream_closed() before, or are abandoned: their ->edge isn't
 * touched. */
Node *node_free(Node *node);

void node_set_time(Node *node, uint64_t monotonic, uint64_t realtime);

/* What we listen on, "ip:port" each, as announced to others. Call before node_start() and when it changed.
 * 0, -ENOMEM. */
int node_set_binds(Node *node, const char *const *addresses, size_t n);
/* Begins to contact the seeds. */
void node_start(Node *node);

/* When node_tick() wants to be called next, monotonic; USEC_INFINITY: not at all. */
uint64_t node_deadline(const Node *node);
void node_tick(Node *node);

/* A connection came in from that socket address. -EBUSY: too many in their handshake, or too many failed
 * from there: close it. */
int node_accept(Node *node, const char *peer_address, Stream **ret);

typedef struct ClientCreds {
        uid_t uid;
        gid_t gid;
        pid_t pid;
} ClientCreds;

/* A local process connected to the attach socket. -EBUSY: too many. */
int node_attach(Node *node, const ClientCreds *creds, Stream **ret);

/* The answer to NodeEdge.resolve: numeric addresses "ip:port", or none and the reason why. */
void node_resolved(Node *node, uint64_t id, const char *const *addresses, size_t n, const char *error);

/* The next stream that wants something of the edge; it is taken off the list. NULL: none. */
Stream *node_next_dirty(Node *node);

/* For STATUS= and tests. */
unsigned node_clients(const Node *node);
unsigned node_peers_up(const Node *node);
const char *node_id(const Node *node);
