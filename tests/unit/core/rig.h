/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One node on a bench
 *
 * Its edge is this file: time stands still until it is moved, connections are what a test says they are, and
 * all that is said on them reads as JSON, whatever the framing.
 */

#include "daemon/core/node.h"
#include "wire/buf.h"

#define RIG_SECRET "geheim"

typedef struct Rig Rig;

/* The far end of one of the node's streams. */
typedef struct RigEnd {
        Rig *rig;
        Stream *stream;  /* NULL: closed */
        bool json;       /* the stream's messages are JSON, else CBOR */
        bool hears_cbor; /* what the node sends is CBOR all the same */
        bool slow;       /* nothing is taken off the stream */
        bool slowly;     /* what we send arrives octet by octet */
        bool held;       /* what we send is kept until rig_release() */
        bool no_tls;     /* TLS does not get on before rig_secure() */
        bool secured;
        Buf out;
        Buf records; /* what came behind the place where TLS begins, while it doesn't get on */
        Buf in;      /* what the node wrote and was not looked at */
        Buf text;
        char address[64];
        char prefix[64];
        /* a peer's */
        char greeting[512], nonce[128], node_greeting[4096], node_nonce[4096];
} RigEnd;

struct Rig {
        Node *node;
        NodeConfig config;
        uint64_t now;
        uint64_t random;
        RigEnd *ends[256];
        size_t n_ends;
        Buf events; /* "TYPE node who text\n" */
        /* what the node asked of its edge and nobody answered yet */
        struct {
                uint64_t id;
                char address[128];
        } lookups[64];
        size_t n_lookups;
        RigEnd *connects[64]; /* not connected yet */
        size_t n_connects;
};

/* Seeds: NULL-terminated, or NULL. */
Rig *rig_new(const char *id, const char *const *seeds);
Rig *rig_new_with(const char *id, const char *const *seeds, void (*change)(NodeConfig *config));
Rig *rig_free(Rig *rig);

/* Lets the node do what it wants to do now. */
void rig_turn(Rig *rig);
void rig_sleep(Rig *rig, uint64_t usec);

/* A client that attached (JSON): its prefix is in ->prefix. */
RigEnd *rig_client(Rig *rig, const char *program);
/* One that said nothing yet. */
RigEnd *rig_attach(Rig *rig, uid_t uid);
/* A connection that came in; the node's two lines were read. */
RigEnd *rig_accept(Rig *rig);
/* From that address. NULL: it was turned away. */
RigEnd *rig_accept_from(Rig *rig, const char *address);
/* The newest end is closed, and will not be looked at any more: for tests that have very many. */
void rig_forget(Rig *rig);
/* The oldest one that the node makes is through; its two lines were read. */
RigEnd *rig_connected(Rig *rig);
/* Sends our two lines for that node ID, `keys` starts with ';' or is empty. */
void rig_greet(RigEnd *end, const char *id, const char *keys);
/* The same with lists of methods and framings, and a nonce. */
void rig_greet_as(RigEnd *end, const char *id, const char *lists, const char *keys, const char *nonce);
/* Sends our auth line, correct for that secret. */
void rig_auth(RigEnd *end, const char *secret);
void rig_auth_as(RigEnd *end, const char *method, const char *secret, const char *framing);
/* The token of one side, for that secret; valid until the next call. */
const char *rig_token(RigEnd *end, const char *method, const char *secret);
const char *rig_node_token(RigEnd *end, const char *method, const char *secret);
/* TLS is there, with a certificate of "CN=other". */
void rig_secure(RigEnd *end);
/* All of it: an established peer that came in. */
RigEnd *rig_peer(Rig *rig, const char *id);

/* Sends a message, as JSON text; "%s" in it is the prefix. */
void rig_say(RigEnd *end, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sends all that was held, in one piece. */
void rig_release(RigEnd *end);
/* Octets as they are. */
void rig_octets(RigEnd *end, const void *p, size_t n);
/* What the node said since: the messages as JSON, a line each; valid until the next call. */
const char *rig_heard(RigEnd *end);
/* One line of a handshake, without its end. */
const char *rig_line(RigEnd *end);
/* The far end closes. */
void rig_close(RigEnd *end, const char *why);

/* The node was asked to resolve that address, and gets this answer (NULL: no such name). */
void rig_resolve(Rig *rig, const char *address, const char *answer);
/* What was logged since. */
const char *rig_events(Rig *rig);

/* What should be heard, with prefixes in it; valid until the next call. */
const char *expect(const char *format, ...) __attribute__((format(printf, 1, 2)));
