/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/terms.h"

#include <errno.h>

#include "tests/unit/test.h"

static const char *const all[] = {"cleartext", "tls_anon", "tls_sha3_512", "hmac_sha3_512", NULL};

static int make(Terms *terms, const NodeConfig *config, bool secret) {
        Auth *auth;
        int r;

        check_int(auth_new(&auth, &(NodeSecret){"x", 1}, secret), ==, 0);
        r = terms_init(terms, config, auth);
        auth_free(auth);
        return r;
}

/* As greeting and texts have them. */
static void check_terms(
        const NodeConfig *config, bool secret, const char *accept, const char *offer, const char *plain) {
        _cleanup_buf_ Buf text = BUF_INIT;
        Terms terms;

        check_int(make(&terms, config, secret), ==, 0);
        terms_put_accept(&terms, &text);
        check(str_is(buf_str(&text), accept));
        buf_reset(&text);
        terms_put_offer(&terms, /* tls= */ true, &text);
        check(str_is(buf_str(&text), offer));
        buf_reset(&text);
        terms_put_offer(&terms, /* tls= */ false, &text);
        check(str_is(buf_str(&text), plain));
}

TEST(what_works_here) {
        const NodeConfig tls = {.tls = true}, every = {.tls = true, .auth_accept = all, .auth_offer = all};

        check_terms(&(NodeConfig){}, true, "hmac_sha3_512", "hmac_sha3_512", "hmac_sha3_512");
        check_terms(&(NodeConfig){}, false, "", "", "");
        check_terms(&tls, true, "tls_sha3_512,hmac_sha3_512", "tls_sha3_512,hmac_sha3_512", "hmac_sha3_512");
        check_terms(&tls, false, "tls_sha3_512", "tls_sha3_512", "");
        check_terms(&every, true, "cleartext,tls_anon,tls_sha3_512,hmac_sha3_512",
                "cleartext,tls_anon,tls_sha3_512,hmac_sha3_512", "cleartext,hmac_sha3_512");
        check_terms(&every, false, "tls_anon,tls_sha3_512", "tls_anon,tls_sha3_512", "");
        check_terms(&(NodeConfig){.auth_accept = all}, true, "cleartext,hmac_sha3_512", "hmac_sha3_512",
                "hmac_sha3_512");
        check_terms(&(NodeConfig){.auth_offer = (const char *[]){NULL}}, true, "hmac_sha3_512", "", "");
        check_terms(&(NodeConfig){.auth_accept = (const char *[]){"hmac_sha3_512", "hmac_sha3_512", NULL}},
                true, "hmac_sha3_512", "hmac_sha3_512", "hmac_sha3_512");
}

TEST(unknown_names) {
        const NodeConfig wrong[] = {
                {.auth_accept = (const char *[]){"hmac_sha3_512", "hmac_md5", NULL}},
                {.auth_offer = (const char *[]){"", NULL}},
                {.framings = (const char *[]){"cbor", "storable", NULL}},
                {.framings = (const char *[]){NULL}},
        };
        Terms terms;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                check_int(make(&terms, &wrong[i], true), ==, -EINVAL);
}

TEST(the_other_side_chooses) {
        const NodeConfig config = {.tls = true, .auth_offer = all};
        Terms terms;

        check_int(make(&terms, &config, true), ==, 0);
        check_int(terms_choose(&terms, STR_LIT("x,hmac_sha3_512,cleartext"), false), ==, AUTH_HMAC_SHA3_512);
        check_int(terms_choose(&terms, STR_LIT("cleartext,hmac_sha3_512"), false), ==, AUTH_CLEARTEXT);
        check_int(terms_choose(&terms, STR_LIT("tls_anon,hmac_sha3_512"), false), ==, AUTH_HMAC_SHA3_512);
        check_int(terms_choose(&terms, STR_LIT("tls_anon,hmac_sha3_512"), true), ==, AUTH_TLS_ANON);
        check_int(terms_choose(&terms, STR_LIT("tls_sha3_512"), false), ==, _AUTH_METHOD_INVALID);
        check_int(terms_choose(&terms, STR_NULL, true), ==, _AUTH_METHOD_INVALID);

        check_int(terms_choose_framing(&terms, STR_LIT("storable,json,cbor")), ==, FRAMING_JSON);
        check_int(terms_choose_framing(&terms, STR_LIT(",cbor,json")), ==, FRAMING_CBOR);
        check_int(terms_choose_framing(&terms, STR_LIT("storable")), ==, _FRAMING_INVALID);
        check_int(terms_choose_framing(&terms, STR_LIT("JSON")), ==, _FRAMING_INVALID);
}

TEST(accepting) {
        const NodeConfig config = {.tls = true, .framings = (const char *[]){"json", NULL}};
        Terms terms;

        check_int(make(&terms, &config, false), ==, 0);
        check(terms_accepts(&terms, AUTH_TLS_SHA3_512, true));
        check(!terms_accepts(&terms, AUTH_TLS_SHA3_512, false));
        check(!terms_accepts(&terms, AUTH_HMAC_SHA3_512, true));
        check(!terms_accepts(&terms, AUTH_TLS_ANON, true));
        check(terms_accepts_any(&terms, true));
        check(!terms_accepts_any(&terms, false));
        check(terms_accepts_framing(&terms, FRAMING_JSON));
        check(!terms_accepts_framing(&terms, FRAMING_CBOR));
}
