/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proof of belonging to the network
 *
 * One side of a handshake shows it by a token, lower-case hex, over the four lines; its own come first.
 *
 *  - tls_sha3_512: the certificate is the proof; SHA3-512 binds it to the lines
 *  - hmac_sha3_512: HMAC-SHA3-512 (block 72 octets) with the secret
 *  - tls_anon: the certificate is the proof; the token is empty
 *  - cleartext: the secret itself
 */

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/node.h"
#include "wire/buf.h"

typedef struct Auth Auth;

typedef enum AuthMethod {
        AUTH_TLS_SHA3_512,
        AUTH_HMAC_SHA3_512,
        AUTH_TLS_ANON,
        AUTH_CLEARTEXT,
        _AUTH_METHOD_MAX,
        _AUTH_METHOD_INVALID = -1,
} AuthMethod;

const char *auth_method_to_string(AuthMethod method);
AuthMethod auth_method_from_string(Str s);
/* It proves something on a connection with TLS only. */
bool auth_method_is_tls(AuthMethod method);

/* Of the side that proves itself, and of the other; without line ends. */
typedef struct AuthLines {
        Str greeting, nonce;
        Str other_greeting, other_nonce;
} AuthLines;

#define AUTH_DIGEST_LEN 128 /* lower-case hex digits */
/* In octets: cleartext has to fit into a line. */
#define AUTH_CLEARTEXT_MAX 2000

/* The secrets are copied and cleared when freed: the first is sent, all are accepted. 0, -ENOMEM, -EINVAL
 * (an empty one), -EOPNOTSUPP. */
int auth_new(Auth **ret, const NodeSecret *secrets, size_t n);
Auth *auth_free(Auth *auth);

/* Is there what this method needs? Says nothing of TLS. */
bool auth_can(const Auth *auth, AuthMethod method);
/* Appends our token. 0 or -EIO. */
int auth_put_token(const Auth *auth, AuthMethod method, const AuthLines *lines, Buf *to);
/* 1: the token is right; 0: it is not; -EIO. Takes a time that does not depend on the token's characters. */
int auth_check(const Auth *auth, AuthMethod method, const AuthLines *lines, Str token);
