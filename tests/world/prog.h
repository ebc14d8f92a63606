/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A program that is attached
 *
 * It speaks docs/attach.md over a simulated Unix socket, in CBOR or JSON: names its ports, answers for them,
 * talks to others (talk.h), and reacts to deaths as the library would.
 */

#include "tests/world/host.h"
#include "wire/frame.h"
#include "wire/msg.h"

typedef struct Port Port;
typedef struct Prog Prog;
typedef struct Talk Talk;

typedef enum ProgState {
        PROG_ATTACHING,
        PROG_RUNNING,
        PROG_BYE,
        PROG_OVER,
} ProgState;

typedef enum PortEnd {
        PORT_LIVES,
        PORT_DIED,    /* its program said so */
        PORT_KILLED,  /* somebody asked for it */
        PORT_BYE,     /* its program detached */
        PORT_CRASHED, /* its program is gone */
        PORT_NEVER,   /* there never was one */
} PortEnd;

struct Port {
        Prog *prog; /* NULL: of nobody */
        Host *host;
        List by_prog;
        unsigned no;
        PortEnd end;
        bool watched; /* its aempd wants to be told */
        char *id;
        const char *name; /* within it */
};

/* What a program knows of a node. */
typedef struct View {
        Prog *prog;
        Host *host;
        bool down;        /* told, and not answered */
        bool owed;        /* a transport_error came, so `down` has to come */
        unsigned losses;  /* the host's count of them, when it answered last */
        bool up;          /* as it was told after nodes1 */
        unsigned n_downs; /* that it was told */
        Alarm answer;
} View;

struct Prog {
        Proc proc;
        Stream stream;
        World *world;
        Host *host;
        unsigned no;
        unsigned host_start; /* the host's when it attached */
        char name[32];
        ClientCreds creds;

        ProgState state;
        bool cut;              /* by its aempd, as too slow */
        bool lost;             /* its aempd is gone */
        bool patient;          /* answers `down` when all its monitors there have fired; else at once */
        bool hasty;            /* renews monitors before it has answered `down` */
        uint64_t answer_delay; /* at most */
        bool silent;           /* does not answer `down` by itself */
        Framing framing;
        FrameReader reader;
        Buf line;
        char *prefix;
        size_t prefix_len;

        List ports;
        List talks;
        View *views;     /* by host index */
        bool watching;   /* nodes1 was sent, and its answers are awaited */
        bool restarting; /* the barrier behind a nodes0 or another nodes1 is awaited */

        Alarm flush;
        Alarm wake; /* reads again */
        Alarm act;  /* behave.h */
};

/* Attaches to the node of that host, which must be able to take it. NULL: it wasn't. */
Prog *prog_new(Host *host, const char *framings);
Prog *prog_free(Prog *prog);

/* Names a port, once it is attached. */
Port *prog_port(Prog *prog);
/* A port that does not exist, under the prefix of a program there, or under nobody's (prog NULL). */
Port *host_no_port(Host *host, Prog *prog);
/* The port dies; whoever watches it is told. */
void port_die(Port *port, PortEnd end);
static inline bool port_is_dead(const Port *port) {
        return port->end != PORT_LIVES || port->prog->cut || port->prog->lost;
}

/* The process ends without a word; with `bye`; does not read for a while. */
void prog_crash(Prog *prog);
void prog_bye(Prog *prog);
void prog_pause(Prog *prog, uint64_t duration);
/* Watches the nodes, from the start again. */
void prog_watch_nodes(Prog *prog);
/* A request to its aempd: strings, NULL at the end. */
void prog_ask(Prog *prog, const char *tag, ...) __attribute__((sentinel));
/* The message in buf, an array of CBOR. */
void prog_send(Prog *prog, const Buf *message);

/* prog-told.c: a request of its aempd. */
void prog_told(Prog *prog, const Msg *msg);
/* The moment to answer `down`. */
void view_answer(Alarm *alarm);
/* The answer to `down` of that node may be due. */
void prog_answer(Prog *prog, const Host *host);
