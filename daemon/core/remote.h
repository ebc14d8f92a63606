/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Another node, as we know it
 *
 * It is up while it has an established connection. Messages for one that isn't wait in `unsent` while a
 * connection is being made; when that fails, or the established connection ends, all that waits is dropped
 * and everyone who watches something there is told. Up and down alternate strictly.
 */

#include "daemon/core/core.h"

typedef struct Dial Dial;

/* A port of another node that somebody here watches. */
typedef struct RemotePort {
        MonSet mons;
        Remote *remote;
        UT_hash_handle hh;
        size_t name_len;
        char name[];
} RemotePort;

struct Remote {
        Node *node;
        UT_hash_handle hh;
        char *id;
        size_t id_len;
        uint64_t serial; /* never used again, from 1 */

        Conn *conn;      /* the established connection */
        List handshakes; /* connections that claim to be this node and are not established */
        Conn *auth_out;  /* of these, the one on which our auth line is out */
        Conn *held;      /* verified, waiting whether `conn` is still alive */
        Dial *dial;      /* the attempt in progress */
        Queue unsent;
        uint64_t n_unsent;
        List charges;   /* who put what is in there: charge.h */
        size_t relayed; /* octets that it has put into such queues of others */

        MonSet mons; /* of the node itself */
        RemotePort *ports;
        Watcher watcher;    /* what it watches here */
        unsigned n_spawned; /* ports here that it asked for, and that live */
        List contacts;
        List stalled; /* clients that are not read from because of this node's queue */

        char **binds;        /* where it says it listens, NULL-terminated; NULL: unknown */
        unsigned complaints; /* log lines about what it sent, on this connection */
        unsigned excused;    /* handshakes that were in vain because of this connection */

        bool was_up;
        uint64_t since;  /* realtime of the last change */
        Buf down_reason; /* why it went down last, as elements */
        uint64_t n_down_reason;
        Timer timer; /* the failure that is due, or the moment to forget it */
        bool failing;
        char *failure; /* its text; NULL: there was no memory for it */
};

static inline Str remote_str(const Remote *remote) {
        return (Str){remote->id, remote->id_len};
}

Remote *remote_find(Node *node, Str id);
/* Finds or makes it; NULL without memory. The ID must be valid and not our own. */
Remote *remote_get(Node *node, Str id);
/* Frees it when nothing is left that speaks of it. */
void remote_gc(Remote *remote);
/* The same, but not inside of the call. */
void remote_gc_soon(Remote *remote);
Remote *remote_free(Remote *remote);

/* To a port of that node (msg->to is the name): on its connection, or into `unsent`, which starts an
 * attempt. */
void remote_put(Remote *remote, const Msg *msg);
/* The request in node->tail to its node port. */
void remote_say(Remote *remote);

/* Makes sure that an attempt is under way when it is not up. */
void remote_want(Remote *remote);
/* Is there a connection that claims to be with that node, and is neither established nor over? */
bool remote_is_greeting(const Remote *remote);
/* Its connection is established / has ended. */
void remote_up(Remote *remote, Conn *conn);
void remote_down(Remote *remote, const char *text);
/* The attempt failed, `text` says why. Takes effect on the next tick, never inside the call. */
void remote_attempt_failed(Remote *remote, const char *text);

/* Watch a port (the node itself: empty name) for a client. As mon_add(). */
int remote_watch(Remote *remote, Str name, Watcher *watcher);
void remote_unwatch(Remote *remote, Str name, Watcher *watcher);
/* It says that its port died. */
void remote_port_died(Remote *remote, Str name, const Reason *reason);

/* Where it says it listens; takes the list. */
void remote_set_binds(Remote *remote, char **take);

/* Octets that wait to be written to it. */
size_t remote_queued(const Remote *remote);
/* Something was written: those who filled its queue may go on. */
void remote_drained(Remote *remote);
