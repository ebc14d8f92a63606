/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/greeting.h"

#include <errno.h>

#include "tests/unit/test.h"

TEST(parse) {
        Greeting g;
        Str s;

        check_int(greeting_parse(STR_LIT("aemp;1;seed;tls_sha3_512,hmac_sha3_512;cbor,json;provider=AE-2.01;"
                                         "x;mproto=1;peeraddr=127.0.0.1:5"),
                          &g),
                ==, 0);
        check_is(g.protocol, "aemp");
        check_is(g.version, "1");
        check_is(g.name, "seed");
        check(comma_list_has(g.auth, "hmac_sha3_512"));
        check(!comma_list_has(g.auth, "hmac_sha3_51"));
        check(!comma_list_has(g.framings, "storable"));
        check(greeting_key(&g, "mproto", &s));
        check_is(s, "1");
        check(greeting_key(&g, "peeraddr", &s));
        check_is(s, "127.0.0.1:5");
        check(!greeting_key(&g, "x", &s));
        check(!greeting_key(&g, "proto", &s));
}

TEST(shortest) {
        Greeting g;
        Str s;

        check_int(greeting_parse(STR_LIT("aemp;1;simple;hmac_sha3_512;json"), &g), ==, 0);
        check(!greeting_key(&g, "tls", &s));
        check_int(greeting_parse(STR_LIT(";;;;"), &g), ==, 0);
        check_int(g.name.n, ==, 0);
        check_int(greeting_parse(STR_LIT("aemp;1;simple;hmac_sha3_512"), &g), ==, -EBADMSG);
        check_int(greeting_parse(STR_LIT(""), &g), ==, -EBADMSG);
}

TEST(auth_line) {
        AuthLine a;

        check_int(auth_line_parse(STR_LIT("cleartext;67656865696d;json;a=b"), &a), ==, 0);
        check_is(a.method, "cleartext");
        check_is(a.token, "67656865696d");
        check_is(a.framing, "json");
        check_int(auth_line_parse(STR_LIT("tls_anon;;cbor"), &a), ==, 0);
        check_int(a.token.n, ==, 0);
        check_int(auth_line_parse(STR_LIT("tls_anon;"), &a), ==, -EBADMSG);
}

TEST(lists) {
        Str list = STR_LIT(",a,,bc,"), i;

        check(comma_list_next(&list, &i));
        check_is(i, "a");
        check(comma_list_next(&list, &i));
        check_is(i, "bc");
        check(!comma_list_next(&list, &i));
        check(!comma_list_next(&list, &i));
}

TEST(escapes) {
        _cleanup_buf_ Buf to = BUF_INIT;

        value_escape(&to, STR_LIT("a;b%c\n"));
        check_is(buf_str(&to), "a%3bb%25c%0a");
        buf_reset(&to);
        value_unescape(&to, STR_LIT("a%3bb%25c%3B%zz%4"));
        check_is(buf_str(&to), "a;b%c;%zz%4");
        buf_reset(&to);
        greeting_put_key(&to, "k", STR_LIT("x;y"));
        check_is(buf_str(&to), ";k=x%3by");
}
