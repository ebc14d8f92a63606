/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A stream socket, read and written in large pieces
 *
 * How a program talks without a library: output is gathered to 64 KiB, input is read in pieces of 64 KiB.
 * Blocking. Errors end the process: this is for benchmarks.
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SOCK_PIECE (64 * 1024)

typedef struct Sock {
        int fd;
        size_t out_len;
        size_t in_len;
        uint8_t out[2 * SOCK_PIECE];
        uint8_t in[3 * SOCK_PIECE]; /* what is left of a cut message, and a piece behind it */
} Sock;

Sock *sock_open(const char *path);
void sock_close(Sock *sock);

void sock_flush(Sock *sock);
/* Waits for a piece. */
void sock_read(Sock *sock);
/* The first octets of sock->in were used. */
void sock_used(Sock *sock, size_t n);

/* Room for n octets, at most 64 KiB; flushes when there are 64 KiB. They count as appended. */
static inline uint8_t *sock_extend(Sock *sock, size_t n) {
        uint8_t *p;

        if (sock->out_len + n > SOCK_PIECE)
                sock_flush(sock);

        p = sock->out + sock->out_len;
        sock->out_len += n;
        return p;
}

/* The relay's frames. */
static inline size_t sock_frame_len(const uint8_t *p) {
        uint32_t n;

        memcpy(&n, p, sizeof(n));
        return ntohl(n);
}

/* A buffer of 4 MiB where that is allowed, no delay. */
void sock_prepare(int fd, bool nonblocking);
/* Two ends over loopback. */
void sock_tcp_pair(int ret[2]);
