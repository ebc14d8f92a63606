/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Proof of knowing the secret
 *
 * hmac_sha3_512: HMAC-SHA3-512 (block 72 octets) over the four lines of a handshake, first those of the side
 * that proves itself.
 */

#include <stdbool.h>
#include <stddef.h>

#include "wire/str.h"

typedef struct Auth Auth;

#define AUTH_TOKEN_LEN 128 /* lower-case hex digits */

/* The secret is copied and cleared when freed. 0, -ENOMEM, -EOPNOTSUPP. */
int auth_new(Auth **ret, const void *secret, size_t secret_len);
Auth *auth_free(Auth *auth);

/* Token of the side whose lines are `greeting`, `nonce` (without line ends), to the other. `to` gets
 * AUTH_TOKEN_LEN characters and a terminator. 0 or -EIO. */
int auth_token(Auth *auth, Str greeting, Str nonce, Str other_greeting, Str other_nonce, char *to);

/* Equal, in a time that depends on the length only. */
bool auth_token_equal(const char *token, Str given);
