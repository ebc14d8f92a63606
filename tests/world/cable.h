/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A simulated connection: a cable
 *
 * Two ends, a pipe each way, and the rules by which sockets die: end-of-file behind the data, a reset from
 * where nobody has the socket any more, a time-out when nothing is acknowledged. An end does for its Stream
 * what daemon/core/stream.h demands of an edge.
 *
 * TLS takes a round trip and a half, as the real one does: client, server, client say one octet each. What
 * follows is not changed, but no octet gets to its place before the core has said that TLS begins there.
 */

#include "daemon/core/stream.h"
#include "tests/world/pipe.h"

typedef struct Cable Cable;
typedef struct End End;
typedef struct Net Net;
typedef struct Proc Proc;

typedef struct ProcOps {
        /* Octets or news are about to be given to one of its streams... */
        void (*begin)(Proc *proc);
        /* ...and were. */
        void (*end)(Proc *proc);
        /* A connection came in; negative: close it. */
        int (*accept)(Proc *proc, const char *address, Stream **ret);
} ProcOps;

/* Who owns ends: a process on a host. */
struct Proc {
        const ProcOps *ops;
        Net *net;
        unsigned host;
        bool frozen; /* it doesn't run; its kernel does */
        List ends;
};

struct End {
        Cable *cable;
        Proc *proc;
        Stream *stream; /* NULL: not accepted yet, or gone */
        List by_proc;
        Pipe out;
        bool ready; /* connected, as this end sees it */
        bool paused;
        bool hasty; /* reads on when it is paused and end-of-file came */
        bool closed;
        bool blocked;    /* has more to write than there is room */
        bool hello_sent; /* the server's */
        bool secured;    /* TLS is there */
        Queue hello;     /* what TLS itself has to say */
        const char *error;
        Alarm write;
};

struct Cable {
        Net *net;
        List by_net;
        bool local;
        unsigned step; /* of its opening */
        unsigned tries;
        uint64_t deadline;
        Alarm open;
        Alarm reap;
        End ends[2];         /* who connected, who accepted */
        char address[2][64]; /* of each end */
};

/* TCP from one process to whoever listens at that address. */
Cable *cable_open(Proc *from, Stream *stream, const char *address);
/* A connected pair on one host. */
Cable *cable_pair(Proc *a, Stream *a_stream, Proc *b, Stream *b_stream, size_t capacity);
void cable_free(Cable *cable);

/* The stream is dirty: do what it asks for. Outside of calls of its node only. */
void end_flush(End *end);
/* Reads what is there. */
void end_read(End *end);
/* Its process is gone. `silent`: its host, too. */
void end_abandon(End *end, bool silent);
/* A reset came out of nowhere. */
void end_reset(End *end);

static inline End *end_peer(End *end) {
        return &end->cable->ends[end == end->cable->ends];
}
