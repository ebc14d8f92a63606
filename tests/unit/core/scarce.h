/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One node on a bench, where memory is scarce
 *
 * As rig.h, but nothing here relies on the node's success: whoever it cut, or never let in, is gone, and
 * what such a one says is lost. The node may run out of memory at any time, who looks at it does not.
 */

#include "daemon/core/node.h"
#include "tests/unit/oom.h"
#include "wire/buf.h"

#define SCARCE_SECRET "geheim"

typedef struct Scarce Scarce;

/* The far end of one of the node's streams. It is there until the bench goes. */
typedef struct ScarceEnd {
        Scarce *scarce;
        Stream *stream; /* NULL: gone */
        bool json;      /* what it says is JSON, else CBOR */
        bool hears_json;
        bool secured;
        bool talks; /* its handshake is over, what it hears are messages */
        char address[64];
        char prefix[64];
        char greeting[512], nonce[128], node_greeting[1024], node_nonce[128];
        Buf in;    /* not looked at yet */
        Buf heard; /* all messages so far, as JSON, a line each */
} ScarceEnd;

struct Scarce {
        Node *node;
        uint64_t now;
        uint64_t random;
        ScarceEnd *ends[32];
        size_t n_ends;
        ScarceEnd *connects[16]; /* not connected yet */
        size_t n_connects;
        struct {
                uint64_t id;
                char address[128];
        } lookups[16];
        size_t n_lookups;
};

typedef void (*ScarceStory)(Scarce *scarce);

/* Tells it to a new node again and again, see oom_tell(); seeds and change may be NULL. */
void scarce_tell(ScarceStory fn, const char *const *seeds, void (*change)(NodeConfig *config));

void scarce_sleep(Scarce *scarce, uint64_t usec);
/* Makes a node, and drops it: 0 or what node_new() says. */
int scarce_make(const char *const *seeds, void (*change)(NodeConfig *config));

/* From here on there is memory again; then nothing may be left that somebody waits for. */
void scarce_settle(Scarce *scarce);

/* A client that attaches; `line` is the rest of its line: "json", "cbor;src=1". */
ScarceEnd *scarce_client(Scarce *scarce, uid_t uid, const char *line);
ScarceEnd *scarce_accept(Scarce *scarce);
/* The oldest connection that the node makes; NULL: none. */
ScarceEnd *scarce_connected(Scarce *scarce);
/* Its two lines, with lists of methods and framings, and keys. */
void scarce_greet(ScarceEnd *end, const char *id, const char *lists, const char *keys);
void scarce_auth(ScarceEnd *end, const char *method);
/* All of it: a peer that came in, to which the node speaks that framing. */
ScarceEnd *scarce_peer(Scarce *scarce, const char *id, const char *framing);
/* Answers the oldest question for an address; NULL: no such name. */
void scarce_resolve(Scarce *scarce, const char *answer);

/* Sends a message, as JSON text. */
void scarce_say(ScarceEnd *end, const char *format, ...) __attribute__((format(printf, 2, 3)));
void scarce_octets(ScarceEnd *end, const void *p, size_t n);
void scarce_close(ScarceEnd *end);

/* Did it hear a message that begins so? */
bool scarce_heard(const ScarceEnd *end, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It did, or it is gone for want of memory, which tells it as much. */
#define scarce_told(end, ...) (scarce_heard(end, __VA_ARGS__) || (oom_failed() && !(end)->stream))
/* Says `["<port>","seq",1]`, 2... to that port, or to "<prefix>1" when what is given ends in a dot. */
void scarce_say_sequence(ScarceEnd *from, const char *port, unsigned first, unsigned last);
/* How many of these it heard, by the port's name without a node; fails when one is missing in between. */
unsigned scarce_sequence(const ScarceEnd *end, const char *port);

/* For scarce-end.c. */
ScarceEnd *scarce_end_new(Scarce *scarce);
void scarce_end_forget_connect(ScarceEnd *end);
/* The node is told that it is over. */
void scarce_end_over(ScarceEnd *end, const char *why);
/* Takes what the node has written for it; reads messages out of that. */
void scarce_end_take(ScarceEnd *end);
void scarce_end_listen(ScarceEnd *end);
void scarce_turn(Scarce *scarce);
