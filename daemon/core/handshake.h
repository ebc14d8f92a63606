/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The handshake of a connection
 *
 * Both sides send greeting and nonce at once, begin TLS if both greetings say so, then send one auth line,
 * when the tie (tie.h) lets them.
 */

#include "daemon/core/core.h"
#include "daemon/core/line.h"

/* What is needed only until the connection is established. */
typedef struct Handshake {
        LineReader line;
        Buf greeting, nonce;           /* ours, without line ends */
        Buf peer_greeting, peer_nonce; /* its */
        AuthMethod method;             /* with which we prove who we are, once its greeting was read */
        Framing peer_framing;          /* of what it sends, once it is verified */
        bool own;                      /* the other end is a connection of ours */
        Buf kept;                      /* messages that came before we could establish it */
} Handshake;

Handshake *handshake_free(Handshake *hs);

/* Sends our first two lines. */
void handshake_greet(Conn *conn);
/* Sends our auth line: 0, or an error that has ended the connection. */
int handshake_send_auth(Conn *conn);
/* One of the other side's lines. */
void handshake_line(Conn *conn, Str line);
