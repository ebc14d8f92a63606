/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/auth.h"

#include <jansson.h>

#include "tests/unit/test.h"

static Str line_of(json_t *side, const char *name) {
        return str_from(json_string_value(json_object_get(side, name)));
}

/* Verifies the auth line of `side`; 0 when it is not of this method. */
static unsigned verify(Auth *auth, json_t *side, json_t *other) {
        const char *line = json_string_value(json_object_get(side, "auth"));
        char token[AUTH_TOKEN_LEN + 1];

        if (strncmp(line, "hmac_sha3_512;", 14) != 0)
                return 0;

        check_int(auth_token(auth, line_of(side, "greeting"), line_of(side, "nonce"),
                          line_of(other, "greeting"), line_of(other, "nonce"), token),
                ==, 0);
        check(auth_token_equal(token, (Str){line + 14, AUTH_TOKEN_LEN}));

        token[5] ^= 1;
        check(!auth_token_equal(token, (Str){line + 14, AUTH_TOKEN_LEN}));
        return 1;
}

/* Real captures: both sides of each handshake. */
TEST(vectors) {
        static const char *const files[] = {"session-cbor", "session-json", "session-global",
                "session-simple", "session-dataconn", "session-global-own", "session-global-echo",
                "values-cbor", "values-json"};
        unsigned verified = 0;

        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                json_t *sides[2], *root, *side;
                const char *secret, *name;
                char path[512];
                size_t n = 0;
                Auth *auth;

                snprintf(path, sizeof(path), "%s/%s.json", VECTORS, files[i]);
                root = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
                check(root);
                secret = json_string_value(json_object_get(root, "secret"));
                json_object_foreach(json_object_get(root, "handshake"), name, side) {
                        check_int(n, <, 2);
                        sides[n++] = side;
                }

                check_int(auth_new(&auth, secret, strlen(secret)), ==, 0);
                verified += verify(auth, sides[0], sides[1]);
                verified += verify(auth, sides[1], sides[0]);
                auth_free(auth);
                json_decref(root);
        }

        test_note("%u tokens", verified);
        check_int(verified, >=, 15);
}

TEST(equal) {
        char token[AUTH_TOKEN_LEN + 1];

        memset(token, 'a', AUTH_TOKEN_LEN);
        token[AUTH_TOKEN_LEN] = '\0';
        check(auth_token_equal(token, str_from(token)));
        check(!auth_token_equal(token, (Str){token, AUTH_TOKEN_LEN - 1}));
        check(!auth_token_equal(token, STR_LIT("")));
}

TEST(long_and_empty_secrets) {
        char secret[300], a[AUTH_TOKEN_LEN + 1], b[AUTH_TOKEN_LEN + 1];
        Auth *auth;

        memset(secret, 'x', sizeof(secret));
        check_int(auth_new(&auth, secret, sizeof(secret)), ==, 0);
        check_int(auth_token(auth, STR_LIT("a"), STR_LIT("b"), STR_LIT("c"), STR_LIT("d"), a), ==, 0);
        check_int(auth_token(auth, STR_LIT("c"), STR_LIT("d"), STR_LIT("a"), STR_LIT("b"), b), ==, 0);
        check(strcmp(a, b) != 0);
        auth_free(auth);
}
