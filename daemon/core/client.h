/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A local process that is attached
 *
 * Its ports are named by itself, under a prefix that nobody had before or gets again, so aempd keeps nothing
 * for a port until somebody watches it.
 */

#include "daemon/core/core.h"
#include "daemon/core/line.h"
#include "daemon/core/route.h"

typedef enum ClientState {
        CLIENT_LINE, /* its line has not come */
        CLIENT_OPEN,
        CLIENT_BYE, /* it said so; what still comes is ignored */
        CLIENT_GONE,
} ClientState;

struct Client {
        Stream stream;
        Node *node;
        UT_hash_handle hh;
        uint64_t number;
        ClientCreds creds;
        ClientState state;
        bool attached; /* it was, at some time, CLIENT_OPEN */
        char *program;
        char *who;       /* "program[pid]", for the log */
        const char *cut; /* why it was cut: a reason's identifier, static; NULL: it was not */

        LineReader *line; /* until the line has come */
        Timer timer;      /* deadline of the line */
        Framing framing;
        FrameReader reader;

        Watcher watcher;
        User *user;
        List ports;  /* LocalPorts: its own ports of which we have to know */
        List claims; /* its functions */
        unsigned n_funcs;
        unsigned n_names;
        List contacts;
        unsigned n_contacts;
        unsigned n_downs; /* contacts whose `down` it has not answered */
        Contact *last_contact;

        List stalled; /* clients that are not read from because this one doesn't read */
        List stall;   /* its own place in such a list */
        List node_watch;

        bool wants_origin;     /* it is told where messages come from: */
        uint64_t known_origin; /* a remote's serial; 0: ourselves */

        uint64_t since; /* realtime */
        uint64_t received;
        uint64_t sent;
};

/* The client whose port this is, or NULL. */
Client *client_of_port(Node *node, Str name);

/* Queues a message for one of its ports, or "" for itself. */
void client_put(Client *client, const Msg *msg);
/* A message, call or spawn that comes from there; the client is told so, if it wants to know. */
void client_deliver(Client *client, const Origin *from, const Msg *msg);
/* The request in node->tail. */
void client_say(Client *client);
/* ...with this tag, the ID of a port or node (an empty port name), and a reason. */
void client_tell(Client *client, const char *tag, Str node_id, Str port, const Reason *reason);
/* client-refuse.c: a request of that tag is refused; `rest` are its arguments. */
void client_refuse(Client *client, Str tag, const char *code, const char *text, CborCursor rest, uint64_t n);
/* The same for what failed with that error. -ENOMEM cuts the client. */
void client_refuse_error(Client *client, Str tag, int error, CborCursor rest, uint64_t n);

/* Stops reading from the client until that list is resumed. */
void client_stall(Client *client, List *stalled);
/* All that waited in the list are read from again. */
void client_resume(Node *node, List *stalled);

/* Cuts it: its ports die with that reason (static). */
void client_cut(Client *client, const char *reason, const char *text);
void client_free_all(Node *node);

/* client-request.c: a message to its own aempd's node port. */
void client_request(Client *client, const Msg *msg);
