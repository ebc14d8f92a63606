/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the parts of the node share
 *
 * The node itself: tables, scratch, counters. Private to daemon/core; the edges see node.h.
 */

#include "daemon/core/auth.h"
#include "daemon/core/hash.h"
#include "daemon/core/mon.h"
#include "daemon/core/node.h"
#include "daemon/core/refusal.h"
#include "daemon/core/tail.h"
#include "daemon/core/terms.h"
#include "daemon/core/timer.h"
#include "wire/frame.h"
#include "wire/id.h"

typedef struct Client Client;
typedef struct Conn Conn;
typedef struct Contact Contact;
typedef struct LocalPort LocalPort;
typedef struct Remote Remote;
typedef struct Seeds Seeds;
typedef struct Source Source;
typedef struct Sources Sources;
typedef struct Lookup Lookup;
typedef struct Func Func;
typedef struct Name Name;
typedef struct Obituary Obituary;
typedef struct User User;

#define START_LEN 8

typedef struct Counters {
        uint64_t from_clients, from_peers;
        uint64_t to_clients, to_peers;
        uint64_t no_such_port;
        uint64_t dropped_down;
        uint64_t dropped_queued;
        uint64_t refused;
        uint64_t unknown_requests;
        uint64_t auth_failed;
        uint64_t handshakes_failed;    /* of incoming connections, by a fault of theirs */
        uint64_t handshakes_displaced; /* made room for another */
        uint64_t turned_away;          /* not accepted at all */
        uint64_t protocol_errors;
        uint64_t nodes_up, nodes_down;
} Counters;

struct Node {
        NodeConfig config; /* strings in it are owned */
        const NodeEdge *edge;
        void *userdata;

        Str id;
        char *prefix; /* of all local ports of this start: "Zk3mPq81aB." */
        size_t prefix_len;
        char start[START_LEN + 1]; /* no other start of any node says this in its greeting */
        Auth *auth;
        Terms terms;
        char **binds;
        size_t n_binds;

        uint64_t now; /* monotonic */
        uint64_t realtime;
        uint64_t started; /* monotonic */
        Timers timers;

        Client *clients; /* by number */
        Client *last_client;
        uint64_t next_client;
        unsigned n_clients;
        unsigned n_attached; /* of these, clients whose line was accepted */
        User *users;         /* by uid */
        List node_watchers;  /* clients that sent nodes1 */

        LocalPort *ports;   /* ports of clients that are watched, known or spawned, by name */
        unsigned n_spawned; /* of these, spawned ones */
        Name *names;
        Func *funcs;
        Obituary *obituaries;
        List obituaries_by_age;
        Remote *remotes;      /* by node ID */
        uint64_t last_serial; /* of a remote */
        Contact *contacts;
        MonTable mons;
        List conns;
        Sources *sources;
        unsigned half_open; /* incoming connections in their handshake */
        unsigned peers_up;
        unsigned dials;
        Seeds *seeds;
        Remote *master; /* the seed that is told and asked where nodes listen */
        Lookup *lookups;
        uint64_t next_lookup;

        List dirty;
        unsigned hops;   /* requests within requests, being handled */
        Client *source;  /* whose input is being handled: it is paused when it fills somebody's queue */
        Remote *relayer; /* whose request is being handled: it is charged for what that puts into queues */

        /* scratch, each used by one function at a time */
        Tail tail;   /* the message being built */
        Buf reason;  /* the reason being built */
        Buf strings; /* converted strings of the message being read */
        Buf cleaned;
        Buf plain, json; /* a message on its way to a JSON client */

        Counters counters;
        Refusals refusals;
};

/* The stream wants something of the edge. */
void node_dirty(Node *node, Stream *stream);

/* Random [0-9A-Za-z], n of them, and a terminator. */
void node_random_text(Node *node, char *to, size_t n);

void node_event(Node *node, EventType type, const char *id, const char *who, const char *text);
void node_eventf(Node *node, EventType type, const char *id, const char *who, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* Queues the message on that stream: 0 or -ENOMEM. */
int node_queue(Node *node, Stream *stream, Framing framing, const Msg *msg);

/* transport_error, node ID, text: in node->reason. */
Reason node_transport_error(Node *node, const char *id, const char *text);
