/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/auth.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdint.h>
#include <stdlib.h>

struct Auth {
        EVP_MAC_CTX *mac; /* keyed; each token starts from a copy */
};

int auth_new(Auth **ret, const void *secret, size_t secret_len) {
        char digest[] = "SHA3-512";
        OSSL_PARAM params[] = {
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                OSSL_PARAM_construct_end(),
        };
        EVP_MAC *hmac;
        Auth *auth;

        auth = calloc(1, sizeof(*auth));
        if (!auth)
                return -ENOMEM;

        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        if (hmac)
                auth->mac = EVP_MAC_CTX_new(hmac);
        EVP_MAC_free(hmac);

        if (!auth->mac || !EVP_MAC_init(auth->mac, secret, secret_len, params)) {
                auth_free(auth);
                return -EOPNOTSUPP;
        }

        *ret = auth;
        return 0;
}

Auth *auth_free(Auth *auth) {
        if (!auth)
                return NULL;

        EVP_MAC_CTX_free(auth->mac);
        free(auth);
        return NULL;
}

int auth_token(Auth *auth, Str greeting, Str nonce, Str other_greeting, Str other_nonce, char *to) {
        static const char hex[] = "0123456789abcdef";
        const Str lines[] = {greeting, nonce, other_greeting, other_nonce};
        EVP_MAC_CTX *mac;
        uint8_t octets[AUTH_TOKEN_LEN / 2];
        size_t len = 0;
        bool ok;

        mac = EVP_MAC_CTX_dup(auth->mac);
        ok = mac;
        for (size_t i = 0; ok && i < 4; i++)
                ok = EVP_MAC_update(mac, (const uint8_t *) lines[i].p, lines[i].n) &&
                        EVP_MAC_update(mac, (const uint8_t *) "\n", 1);
        ok = ok && EVP_MAC_final(mac, octets, &len, sizeof(octets)) && len == sizeof(octets);
        EVP_MAC_CTX_free(mac);
        if (!ok)
                return -EIO;

        for (size_t i = 0; i < sizeof(octets); i++) {
                to[2 * i] = hex[octets[i] >> 4];
                to[2 * i + 1] = hex[octets[i] & 15];
        }
        to[AUTH_TOKEN_LEN] = '\0';

        return 0;
}

bool auth_token_equal(const char *token, Str given) {
        return given.n == AUTH_TOKEN_LEN && CRYPTO_memcmp(token, given.p, AUTH_TOKEN_LEN) == 0;
}
