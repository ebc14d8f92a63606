/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Two ends of a connection that turns to TLS
 *
 * An End is a pump with a scripted core: it says "hello\n" and, when the other side's line is there, that
 * TLS begins. A Peer is what OpenSSL does by itself with the other end of the socket, and may misbehave.
 */

#include <openssl/ssl.h>

#include "daemon/net/certificate.h"
#include "daemon/net/tls.h"
#include "tests/unit/mint.h"

#define LINE "hello\n"
#define EOF_TEXT "Unexpected end-of-file"

/* TLS 1.2 and 1.3. */
extern const int tls_versions[2];
const char *tls_version_name(int version);

void check_contains(const char *text, const char *part);

/* A certificate for all of them, self-signed. */
void shared_certificate(Buf *pem);
void socket_pair(int fds[2]);

typedef struct Rig {
        PumpRoom *room;
        unsigned turns;
} Rig;

typedef struct End {
        Pump pump;
        Stream stream;
        Rig *rig;
        Certificate *certificate;
        StreamTls role;
        size_t n_line;
        bool line; /* the other side's is there */
        bool secured, gone;
        char version[16], subject[128], why[512];
        uint64_t expires;
        Buf in;             /* what came in records; its first octets only, when there is a pause_at */
        uint64_t n_in, sum; /* ...all of it */
        size_t pause_at;    /* stops to read whenever that many octets have come */
        const char *word;
} End;

void rig_init(Rig *rig);
void rig_deinit(Rig *rig);
/* Until nothing happens by itself. */
void rig_spin(Rig *rig, End *a, End *b);

/* fd: -1 afterwards. pem: what the certificate is made of, `ca` may be NULL. */
void end_init(End *end, Rig *rig, int *fd, StreamTls role, const Buf *pem, const Buf *ca);
void end_deinit(End *end);
/* Says its line. */
void end_begin(End *end);
void end_put(End *end, const void *data, size_t n);
/* Its core wants no more. */
void end_close(End *end);
/* 1.2 or 1.3 only. */
void end_set_version(End *end, int version);

/* A checksum of n octets of the pattern, from the place `at`. */
uint64_t pattern_sum(uint64_t at, size_t n);
void pattern_fill(uint8_t *to, uint64_t at, size_t n);

/* A client and a server. */
typedef struct Two {
        Rig rig;
        End client, server;
} Two;

void two_init_with(
        Two *two, const Buf *client, const Buf *client_ca, const Buf *server, const Buf *server_ca);
void two_deinit(Two *two);
void two_spin(Two *two);
/* Both lines, and the handshake. */
void two_begin(Two *two);

typedef struct Peer {
        SSL_CTX *context;
        SSL *ssl;
        int fd;
        Buf in;
        int error; /* of SSL_get_error(), when it ended */
        char text[256];
} Peer;

/* Blocks never. pem: NULL for no certificate. Trusts everyone. */
void peer_init(Peer *peer, int *fd, bool client, const Buf *pem);
void peer_deinit(Peer *peer);
/* Says its line, and reads the other one. */
void peer_begin(Peer *peer);
/* One step: 1 when the handshake is done. Reads what there is then. */
int peer_step(Peer *peer);
/* Both, until the handshake is done or one of them is. */
void peer_shake(Peer *peer, End *end);
