/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/auth.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdint.h>
#include <stdlib.h>

#define DIGEST "SHA3-512"
#define DIGEST_OCTETS (AUTH_DIGEST_LEN / 2)

typedef struct Secret {
        EVP_MAC_CTX *mac; /* keyed; each token starts from a copy */
        char *hex;
        size_t hex_len;
} Secret;

struct Auth {
        EVP_MD *digest;
        size_t n;
        Secret secrets[];
};

/* --- methods ----------------------------------------------------------------------------------------- */

static const char *const method_names[_AUTH_METHOD_MAX] = {
        [AUTH_TLS_SHA3_512] = "tls_sha3_512",
        [AUTH_HMAC_SHA3_512] = "hmac_sha3_512",
        [AUTH_TLS_ANON] = "tls_anon",
        [AUTH_CLEARTEXT] = "cleartext",
};

const char *auth_method_to_string(AuthMethod method) {
        assert(method >= 0 && method < _AUTH_METHOD_MAX);

        return method_names[method];
}

AuthMethod auth_method_from_string(Str s) {
        for (AuthMethod method = 0; method < _AUTH_METHOD_MAX; method++)
                if (str_is(s, method_names[method]))
                        return method;

        return _AUTH_METHOD_INVALID;
}

bool auth_method_is_tls(AuthMethod method) {
        return method == AUTH_TLS_SHA3_512 || method == AUTH_TLS_ANON;
}

/* --- hex --------------------------------------------------------------------------------------------- */

static void hex_write(char *to, const uint8_t *octets, size_t n) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                to[2 * i] = digits[octets[i] >> 4];
                to[2 * i + 1] = digits[octets[i] & 15];
        }
}

/* Equal, in a time that depends on the lengths only. */
static bool hex_equal(const char *hex, size_t n, Str given) {
        return given.n == n && CRYPTO_memcmp(hex, given.p, n) == 0;
}

/* --- tokens ------------------------------------------------------------------------------------------ */

static int token_digest(const Auth *auth, const AuthLines *lines, char *to) {
        const Str all[] = {lines->greeting, lines->nonce, lines->other_greeting, lines->other_nonce};
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        uint8_t octets[DIGEST_OCTETS];
        unsigned len = 0;
        bool ok;

        ok = ctx && EVP_MD_get_size(auth->digest) == DIGEST_OCTETS &&
                EVP_DigestInit_ex(ctx, auth->digest, NULL);
        for (size_t i = 0; ok && i < 4; i++)
                ok = EVP_DigestUpdate(ctx, all[i].p, all[i].n) && EVP_DigestUpdate(ctx, "\n", 1);
        ok = ok && EVP_DigestFinal_ex(ctx, octets, &len) && len == DIGEST_OCTETS;
        EVP_MD_CTX_free(ctx);
        if (!ok)
                return -EIO;

        hex_write(to, octets, DIGEST_OCTETS);
        return 0;
}

static int token_hmac(const Secret *secret, const AuthLines *lines, char *to) {
        const Str all[] = {lines->greeting, lines->nonce, lines->other_greeting, lines->other_nonce};
        EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(secret->mac);
        uint8_t octets[DIGEST_OCTETS];
        size_t len = 0;
        bool ok;

        ok = mac;
        for (size_t i = 0; ok && i < 4; i++)
                ok = EVP_MAC_update(mac, (const uint8_t *) all[i].p, all[i].n) &&
                        EVP_MAC_update(mac, (const uint8_t *) "\n", 1);
        ok = ok && EVP_MAC_final(mac, octets, &len, sizeof(octets)) && len == sizeof(octets);
        EVP_MAC_CTX_free(mac);
        if (!ok)
                return -EIO;

        hex_write(to, octets, DIGEST_OCTETS);
        return 0;
}

bool auth_can(const Auth *auth, AuthMethod method) {
        switch (method) {
        case AUTH_HMAC_SHA3_512:
                return auth->n > 0;
        case AUTH_CLEARTEXT:
                return auth->n > 0 && auth->secrets[0].hex_len <= 2 * AUTH_CLEARTEXT_MAX;
        default:
                return true;
        }
}

int auth_put_token(const Auth *auth, AuthMethod method, const AuthLines *lines, Buf *to) {
        char digest[AUTH_DIGEST_LEN];
        int r = 0;

        assert(auth_can(auth, method));

        switch (method) {
        case AUTH_TLS_SHA3_512:
                r = token_digest(auth, lines, digest);
                break;
        case AUTH_HMAC_SHA3_512:
                r = token_hmac(&auth->secrets[0], lines, digest);
                break;
        case AUTH_CLEARTEXT:
                buf_put(to, auth->secrets[0].hex, auth->secrets[0].hex_len);
                return 0;
        default:
                return 0;
        }
        if (r < 0)
                return r;

        buf_put(to, digest, sizeof(digest));
        return 0;
}

/* Every secret is tried, whichever fits. */
static int check_secrets(const Auth *auth, AuthMethod method, const AuthLines *lines, Str token) {
        char digest[AUTH_DIGEST_LEN];
        int found = 0, r;

        for (size_t i = 0; i < auth->n; i++) {
                const Secret *secret = &auth->secrets[i];

                if (method == AUTH_CLEARTEXT) {
                        found |= hex_equal(secret->hex, secret->hex_len, token);
                        continue;
                }

                r = token_hmac(secret, lines, digest);
                if (r < 0)
                        return r;
                found |= hex_equal(digest, sizeof(digest), token);
        }

        return found;
}

int auth_check(const Auth *auth, AuthMethod method, const AuthLines *lines, Str token) {
        char digest[AUTH_DIGEST_LEN];
        int r;

        switch (method) {
        case AUTH_TLS_SHA3_512:
                r = token_digest(auth, lines, digest);
                return r < 0 ? r : hex_equal(digest, sizeof(digest), token);
        case AUTH_TLS_ANON:
                return token.n == 0;
        default:
                return check_secrets(auth, method, lines, token);
        }
}

/* --- its life ---------------------------------------------------------------------------------------- */

static int secret_init(Secret *secret, EVP_MAC *hmac, const NodeSecret *from) {
        char digest[] = DIGEST;
        const OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                OSSL_PARAM_construct_end(),
        };

        if (from->len == 0)
                return -EINVAL; /* everybody knows that one */

        secret->hex_len = 2 * from->len;
        secret->hex = malloc(secret->hex_len);
        if (!secret->hex)
                return -ENOMEM;

        hex_write(secret->hex, from->octets, from->len);
        secret->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
        return secret->mac && EVP_MAC_init(secret->mac, from->octets, from->len, params) ? 0 : -EOPNOTSUPP;
}

int auth_new(Auth **ret, const NodeSecret *secrets, size_t n) {
        EVP_MAC *hmac;
        Auth *auth;
        int r;

        auth = calloc(1, sizeof(*auth) + n * sizeof(Secret));
        if (!auth)
                return -ENOMEM;

        auth->digest = EVP_MD_fetch(NULL, DIGEST, NULL);
        r = auth->digest ? 0 : -EOPNOTSUPP;
        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        for (size_t i = 0; i < n && r == 0; i++)
                r = secret_init(&auth->secrets[auth->n++], hmac, &secrets[i]);
        EVP_MAC_free(hmac);

        if (r < 0) {
                auth_free(auth);
                return r;
        }

        *ret = auth;
        return 0;
}

Auth *auth_free(Auth *auth) {
        if (!auth)
                return NULL;

        for (size_t i = 0; i < auth->n; i++) {
                Secret *secret = &auth->secrets[i];

                EVP_MAC_CTX_free(secret->mac);
                if (secret->hex)
                        OPENSSL_cleanse(secret->hex, secret->hex_len);
                free(secret->hex);
        }
        EVP_MD_free(auth->digest);
        free(auth);
        return NULL;
}
