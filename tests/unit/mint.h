/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Certificates for tests
 *
 * Made when they are needed. Errors end the test.
 */

#include <openssl/x509.h>

#include "wire/buf.h"

typedef struct Coin {
        EVP_PKEY *key;
        X509 *x509;
} Coin;

typedef struct CoinKind {
        const char *name;   /* CN; NULL: an empty subject */
        const Coin *issuer; /* NULL: self-signed */
        long from, until;   /* days from now; both 0: from yesterday to tomorrow */
        bool ca;
        int rsa_bits;      /* 0: P-256 */
        const char *usage; /* extended key usage, as in openssl.cnf */
} CoinKind;

Coin mint(const CoinKind *kind);
void coin_deinit(Coin *coin);
#define _cleanup_coin_ __attribute__((cleanup(coin_deinit)))

/* As PEM, at the end of the buffer. */
void coin_put_certificate(const Coin *coin, Buf *pem);
void coin_put_key(const Coin *coin, Buf *pem, const char *passphrase);
/* With its key before it: all that a node needs. */
void coin_put(const Coin *coin, Buf *pem);
/* A list of what this authority revoked: `revoked`, or nothing when that is NULL. */
void coin_put_crl(const Coin *authority, const Coin *revoked, Buf *pem);
