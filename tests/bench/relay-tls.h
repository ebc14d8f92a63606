/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * TLS between two bare relays
 *
 * As little as OpenSSL allows: its buffers are in memory, so that the relay reads and writes 64 KiB at a
 * time. Errors end the process.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct RelayTls RelayTls;

/* Blocks until the handshake is over. */
RelayTls *relay_tls_new(int fd, const char *pem, int server);

/* n octets came from the socket; returns how many octets are in them, at most as many. */
size_t relay_tls_open(RelayTls *tls, uint8_t *to, size_t max, const uint8_t *from, size_t n);
/* These are to go. */
void relay_tls_seal(RelayTls *tls, const uint8_t *from, size_t n);

/* What waits for the socket. */
size_t relay_tls_pending(RelayTls *tls, const uint8_t **ret);
/* So many octets of it were written. */
void relay_tls_written(RelayTls *tls, size_t n);
