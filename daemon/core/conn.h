/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A connection with another node
 *
 * Greeting, authentication, and then messages; who connected does not matter but for the tie (tie.h).
 */

#include "daemon/core/core.h"
#include "daemon/core/dial.h"
#include "daemon/core/handshake.h"
#include "daemon/core/source.h"

typedef enum ConnState {
        CONN_CONNECTING,
        CONN_GREETING, /* waiting for the peer's greeting */
        CONN_NONCE,
        CONN_AUTH,     /* both lines are there, waiting for its auth line */
        CONN_VERIFIED, /* its auth line is verified, ours has not been sent */
        CONN_DATA,
        CONN_OVER,
} ConnState;

/* As StreamSecurity, kept. */
typedef struct ConnSecurity {
        char *version, *cipher, *subject;
        uint64_t expires;
} ConnSecurity;

struct Conn {
        Stream stream;
        Node *node;
        List by_node;
        ConnState state;
        bool incoming;
        bool aempd; /* the other side is one too */
        bool auth_sent;
        char *address; /* the other end's */
        Handshake *handshake;
        Source *source; /* an incoming one's, until it is verified */
        List by_source;
        Remote *remote;   /* from its greeting; trusted once established */
        List by_remote;   /* in remote->handshakes */
        Attempt *attempt; /* who asked for it, when we connected */
        char *provider;
        char start[START_LEN + 1]; /* which start of that node it is; empty: it doesn't say */
        Framing framing;           /* of what we send; its reader has that of what comes */
        const char *method;        /* with which it authenticated, static; NULL: not yet */
        const char *method_sent;   /* ...and we */
        ConnSecurity *security;    /* NULL: no TLS, or not yet */
        const char *why;           /* static: why we end it ourselves; NULL: we don't */

        FrameReader reader;
        Timer timer; /* deadline of the handshake, then heartbeat, and the probe's when one is held */
        uint64_t last_sent;
        uint64_t received, sent;
        Timer probe; /* runs on the established one while another is held */
};

/* Control characters in it are replaced. NULL without memory. */
ConnSecurity *conn_security_copy(const StreamSecurity *from);
ConnSecurity *conn_security_free(ConnSecurity *security);

static inline bool conn_is_tls(const Conn *conn) {
        return conn->stream.tls != STREAM_TLS_NONE;
}

/* Starts to connect to a numeric address; `attempt` is told what comes of it. -ENOMEM. */
int conn_connect(Node *node, const char *address, Attempt *attempt);

/* Both auth lines are through: messages from here on. */
void conn_establish(Conn *conn);
/* Ends it. If it was established, what its other side had sent already still counts, and nothing else. */
void conn_end(Conn *conn, const char *why);
/* The same for a handshake that is not allowed to go on, with a log line. */
void conn_refuse(Conn *conn, const char *why);
/* The same when that is the other side's fault. `text`: for the log, NULL: as `why`. */
void conn_fail(Conn *conn, const char *why, const char *text);

/* The same for what came on an established one, or should not have come before. */
void conn_protocol_error(Conn *conn, const char *why);

/* Do both say that they are with the same start of their node, or with different ones? What has not been
 * verified may lie. */
bool conn_is_same_start(const Conn *conn, const Conn *other);
bool conn_is_other_start(const Conn *conn, const Conn *other);
/* What it claims to be, for the log; NULL: nothing yet. */
const char *conn_claim(const Conn *conn);
/* A message of ours or of a client: the name of one of its ports, or "". */
void conn_put(Conn *conn, const Msg *msg);
/* All that waited for a connection (messages in CBOR), before anything else; empties the queue. */
void conn_put_unsent(Conn *conn, Queue *unsent);
/* Messages came in, or parts of them. */
void conn_input_data(Conn *conn, const uint8_t *p, size_t n);
/* Nothing may have been sent for a while. */
void conn_heartbeat(Timer *timer);
void conn_free_all(Node *node);
