/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/auth.h"

#include <errno.h>
#include <jansson.h>

#include "tests/unit/test.h"

static const NodeSecret geheim = {"geheim", 6};
static const AuthLines lines = {STR_LIT("a"), STR_LIT("b"), STR_LIT("c"), STR_LIT("d")};

static Auth *auth_with(const NodeSecret *secrets, size_t n) {
        Auth *auth;

        check_int(auth_new(&auth, secrets, n), ==, 0);
        return auth;
}

/* --- captures ---------------------------------------------------------------------------------------- */

static Str line_of(json_t *side, const char *name) {
        return str_from(json_string_value(json_object_get(side, name)));
}

/* Verifies the auth line of `side`, and makes the same one. */
static AuthMethod verify(const Auth *auth, json_t *side, json_t *other) {
        const AuthLines four = {line_of(side, "greeting"), line_of(side, "nonce"),
                line_of(other, "greeting"), line_of(other, "nonce")};
        const AuthLines swapped = {four.other_greeting, four.other_nonce, four.greeting, four.nonce};
        Str line = line_of(side, "auth"), token;
        _cleanup_buf_ Buf ours = BUF_INIT;
        AuthMethod method;

        method = auth_method_from_string(
                (Str){line.p, (size_t) ((char *) memchr(line.p, ';', line.n) - line.p)});
        check(method != _AUTH_METHOD_INVALID);
        token.p = strchr(line.p, ';') + 1;
        token.n = strcspn(token.p, ";");

        check_int(auth_check(auth, method, &four, token), ==, 1);
        if (method != AUTH_CLEARTEXT)
                check_int(auth_check(auth, method, &swapped, token), ==, 0);
        check_int(auth_put_token(auth, method, &four, &ours), ==, 0);
        check(str_equal(buf_str(&ours), token));

        ours.data[5] ^= 1;
        check_int(auth_check(auth, method, &four, buf_str(&ours)), ==, 0);
        return method;
}

TEST(vectors) {
        static const char *const files[] = {"session-cbor", "session-json", "session-global",
                "session-simple", "session-dataconn", "session-global-own", "session-global-echo",
                "session-tls", "values-cbor", "values-json"};
        unsigned verified[_AUTH_METHOD_MAX] = {};

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

                auth = auth_with(&(NodeSecret){secret, strlen(secret)}, 1);
                verified[verify(auth, sides[0], sides[1])]++;
                verified[verify(auth, sides[1], sides[0])]++;
                auth_free(auth);
                json_decref(root);
        }

        check_int(verified[AUTH_HMAC_SHA3_512], ==, 17);
        check_int(verified[AUTH_TLS_SHA3_512], ==, 2);
        check_int(verified[AUTH_CLEARTEXT], ==, 1);
}

/* --- methods ----------------------------------------------------------------------------------------- */

TEST(names) {
        for (AuthMethod method = 0; method < _AUTH_METHOD_MAX; method++)
                check_int(auth_method_from_string(str_from(auth_method_to_string(method))), ==, method);
        check_int(auth_method_from_string(STR_LIT("hmac_sha3_51")), ==, _AUTH_METHOD_INVALID);
        check_int(auth_method_from_string(STR_LIT("")), ==, _AUTH_METHOD_INVALID);
        check(auth_method_is_tls(AUTH_TLS_ANON) && auth_method_is_tls(AUTH_TLS_SHA3_512));
        check(!auth_method_is_tls(AUTH_HMAC_SHA3_512) && !auth_method_is_tls(AUTH_CLEARTEXT));
}

/* Every other token is wrong: one character, case, length. */
TEST(wrong_tokens) {
        Auth *auth = auth_with(&geheim, 1);

        for (AuthMethod method = 0; method < _AUTH_METHOD_MAX; method++) {
                _cleanup_buf_ Buf token = BUF_INIT;
                size_t n;

                check_int(auth_put_token(auth, method, &lines, &token), ==, 0);
                n = token.len;
                check_int(auth_check(auth, method, &lines, buf_str(&token)), ==, 1);
                buf_putc(&token, '0');
                check_int(auth_check(auth, method, &lines, buf_str(&token)), ==, 0);
                if (method == AUTH_TLS_ANON)
                        continue;

                check_int(n, ==, method == AUTH_CLEARTEXT ? 12 : AUTH_DIGEST_LEN);
                check_int(auth_check(auth, method, &lines, (Str){(char *) token.data, n - 1}), ==, 0);
                check_int(auth_check(auth, method, &lines, STR_NULL), ==, 0);
                for (size_t i = 0; i < n; i++) {
                        token.data[i] ^= 1;
                        check_int(auth_check(auth, method, &lines, (Str){(char *) token.data, n}), ==, 0);
                        token.data[i] ^= 1;
                }
                for (size_t i = 0; i < n; i++)
                        if (token.data[i] >= 'a')
                                token.data[i] -= 32;
                check_int(auth_check(auth, method, &lines, (Str){(char *) token.data, n}), ==, 0);
        }
        auth_free(auth);
}

TEST(cleartext) {
        _cleanup_buf_ Buf token = BUF_INIT;
        Auth *auth = auth_with(&geheim, 1);

        check_int(auth_put_token(auth, AUTH_CLEARTEXT, &lines, &token), ==, 0);
        check_is(buf_str(&token), "67656865696d");
        auth_free(auth);
}

TEST(several_secrets) {
        const NodeSecret both[] = {{"new", 3}, geheim};
        Auth *auth = auth_with(both, 2), *old = auth_with(both + 1, 1), *new = auth_with(both, 1);

        for (AuthMethod method = 0; method < _AUTH_METHOD_MAX; method++) {
                _cleanup_buf_ Buf a = BUF_INIT, b = BUF_INIT;

                if (auth_method_is_tls(method))
                        continue;
                /* the first is sent */
                check_int(auth_put_token(auth, method, &lines, &a), ==, 0);
                check_int(auth_check(new, method, &lines, buf_str(&a)), ==, 1);
                check_int(auth_check(old, method, &lines, buf_str(&a)), ==, 0);
                check_int(auth_check(auth, method, &lines, buf_str(&a)), ==, 1);
                /* all are accepted */
                check_int(auth_put_token(old, method, &lines, &b), ==, 0);
                check_int(auth_check(auth, method, &lines, buf_str(&b)), ==, 1);
        }
        auth_free(auth);
        auth_free(old);
        auth_free(new);
}

TEST(without_a_secret) {
        Auth *auth = auth_with(NULL, 0);

        check(auth_can(auth, AUTH_TLS_ANON) && auth_can(auth, AUTH_TLS_SHA3_512));
        check(!auth_can(auth, AUTH_HMAC_SHA3_512) && !auth_can(auth, AUTH_CLEARTEXT));
        check_int(auth_check(auth, AUTH_HMAC_SHA3_512, &lines, STR_NULL), ==, 0);
        check_int(auth_check(auth, AUTH_CLEARTEXT, &lines, STR_NULL), ==, 0);
        auth_free(auth);
}

TEST(odd_secrets) {
        static const char octets[] = "\0\xff\n;";
        const NodeSecret bad[] = {geheim, {"", 0}};
        char longest[AUTH_CLEARTEXT_MAX + 1] = {};
        Auth *auth;

        check_int(auth_new(&auth, bad, 2), ==, -EINVAL);

        auth = auth_with(&(NodeSecret){octets, 4}, 1);
        check_int(auth_check(auth, AUTH_CLEARTEXT, &lines, STR_LIT("00ff0a3b")), ==, 1);
        auth_free(auth);

        /* too long for a line, but good for a HMAC */
        auth = auth_with(&(NodeSecret){longest, AUTH_CLEARTEXT_MAX}, 1);
        check(auth_can(auth, AUTH_CLEARTEXT));
        auth_free(auth);
        auth = auth_with(&(NodeSecret){longest, AUTH_CLEARTEXT_MAX + 1}, 1);
        check(!auth_can(auth, AUTH_CLEARTEXT));
        check(auth_can(auth, AUTH_HMAC_SHA3_512));
        auth_free(auth);
}
