/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"

#define WRITTEN(call, text) \
        do { \
                _cleanup_buf_ Buf buf = BUF_INIT; \
\
                call; \
                check_hex(buf_str(&buf), text); \
        } while (0)

TEST(heads_are_the_shortest) {
        static const struct {
                uint64_t value;
                const char *hex;
        } cases[] = {
                {0, "00"},
                {23, "17"},
                {24, "1818"},
                {255, "18ff"},
                {256, "190100"},
                {65535, "19ffff"},
                {65536, "1a00010000"},
                {UINT32_MAX, "1affffffff"},
                {(uint64_t) UINT32_MAX + 1, "1b0000000100000000"},
                {UINT64_MAX, "1bffffffffffffffff"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                for (unsigned major = 0; major < 8; major++) {
                        uint8_t head[CBOR_HEAD_MAX];
                        size_t n = cbor_head(head, major, cases[i].value);

                        check_int(head[0] >> 5, ==, major);
                        head[0] &= 0x1f;
                        check_hex(((Str){(char *) head, n}), cases[i].hex);
                }
}

TEST(integers) {
        WRITTEN(cbor_put_uint(&buf, 0), "00");
        WRITTEN(cbor_put_uint(&buf, UINT64_MAX), "1bffffffffffffffff");
        WRITTEN(cbor_put_int(&buf, 10), "0a");
        WRITTEN(cbor_put_int(&buf, -1), "20");
        WRITTEN(cbor_put_int(&buf, -24), "37");
        WRITTEN(cbor_put_int(&buf, -25), "3818");
        WRITTEN(cbor_put_int(&buf, INT64_MAX), "1b7fffffffffffffff");
        WRITTEN(cbor_put_int(&buf, INT64_MIN), "3b7fffffffffffffff");
}

TEST(doubles) {
        WRITTEN(cbor_put_double(&buf, 0), "00");
        WRITTEN(cbor_put_double(&buf, -0.0), "00");
        WRITTEN(cbor_put_double(&buf, 2), "02");
        WRITTEN(cbor_put_double(&buf, -1), "20");
        WRITTEN(cbor_put_double(&buf, 4294967295.0), "1affffffff");
        WRITTEN(cbor_put_double(&buf, 4294967296.0), "fa4f800000");
        WRITTEN(cbor_put_double(&buf, -2147483648.0), "3a7fffffff");
        WRITTEN(cbor_put_double(&buf, -2147483649.0), "fbc1e0000000200000");
        WRITTEN(cbor_put_double(&buf, 5000000000.0), "fa4f9502f9");
        WRITTEN(cbor_put_double(&buf, 1.5), "fa3fc00000");
        WRITTEN(cbor_put_double(&buf, 0.1), "fb3fb999999999999a");
        WRITTEN(cbor_put_double(&buf, 1e300), "fb7e37e43c8800759c");
        WRITTEN(cbor_put_double(&buf, -1e300), "fbfe37e43c8800759c");
        WRITTEN(cbor_put_double(&buf, 3.4028234663852886e+38), "fa7f7fffff");
        WRITTEN(cbor_put_double(&buf, 3.4028235e+38), "fb47efffffe54daff8");
        WRITTEN(cbor_put_double(&buf, 0x1p-149), "fa00000001");
        WRITTEN(cbor_put_double(&buf, 0x1p-150), "fb3690000000000000");
        WRITTEN(cbor_put_double(&buf, (double) INFINITY), "fa7f800000");
        WRITTEN(cbor_put_double(&buf, -(double) INFINITY), "faff800000");
        WRITTEN(cbor_put_double(&buf, (double) NAN), "fa7fc00000");
        WRITTEN(cbor_put_double(&buf, -(double) NAN), "fa7fc00000");
}

TEST(others) {
        WRITTEN(cbor_put_bool(&buf, true), "f5");
        WRITTEN(cbor_put_bool(&buf, false), "f4");
        WRITTEN(cbor_put_null(&buf), "f6");
        WRITTEN(cbor_put_array(&buf, 0), "80");
        WRITTEN(cbor_put_array(&buf, 24), "9818");
        WRITTEN(cbor_put_map(&buf, 1000), "b903e8");
}

TEST(strings) {
        WRITTEN(cbor_put_text(&buf, STR_LIT("")), "60");
        WRITTEN(cbor_put_text(&buf, STR_NULL), "60");
        WRITTEN(cbor_put_text(&buf, STR_LIT("a\0\xc3\xa4")), "64 6100c3a4");
        WRITTEN(cbor_put_text(&buf, STR_LIT("0123456789012345678901234")),
                "7819 30313233343536373839 30313233343536373839 3031323334");
        WRITTEN(cbor_put_str(&buf, STR_LIT("a\xc3\xa4")), "63 61c3a4");
        WRITTEN(cbor_put_str(&buf, STR_LIT("a\xff")), "64 61efbfbd");
        WRITTEN(cbor_put_str(&buf, STR_LIT("\xe2\x82z")), "64 efbfbd7a");
        WRITTEN(cbor_put_str(&buf, STR_NULL), "60");
        WRITTEN(cbor_put_bytes(&buf, "\0\xff", 2), "42 00ff");
        WRITTEN(cbor_put_bytes(&buf, NULL, 0), "40");
}

TEST(error_is_sticky) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        cbor_put_uint(&buf, 1);
        buf.error = -ENOMEM;
        cbor_put_str(&buf, STR_LIT("abc"));
        cbor_put_double(&buf, 0.1);
        check_int(buf.len, ==, 1);
}

static void check_clean(const char *odd, const char *expected) {
        _cleanup_buf_ Buf buf = BUF_INIT, again = BUF_INIT;
        bool is_odd;
        size_t len;
        Hex hex;

        hex_init(&hex, odd);
        cbor_clean(&buf, hex.p, hex.n);
        check_hex(buf_str(&buf), expected);
        check_int(cbor_check(buf.data, buf.len, SIZE_MAX, &len, &is_odd), ==, 0);
        check_int(len, ==, buf.len);

        /* and nothing more is found */
        cbor_clean(&again, buf.data, buf.len);
        check_mem(again.data, again.len, buf.data, buf.len);
}

TEST(clean) {
        check_clean("00", "00");
        check_clean("84 f4 f5 f6 f7", "84 f4 f5 f6 f7");
        check_clean("82 f7 a2 f7 f7 e0 f7", "82 f7 a2 f6 f7 f6 f7");
        check_clean("bf f7 82 f7 bf f7 00 ff ff", "bf f6 82 f7 bf f6 00 ff ff");
        check_clean("e0", "f6");
        check_clean("84 00 e0 f3 f8ff", "84 00 f6 f6 f6");
        check_clean("81 d81a 82 6141 80", "81 82 6141 80");
        check_clean("d9001a da0000001a db000000000000001a 00", "00");
        check_clean("c6 d81a d818 e1", "c6 d818 f6");
        check_clean("83 c2 41ff c2 00 c3 c2 41ff", "83 c2 41ff 00 c2 41ff");
        check_clean("82 c1 00 a1 c0 6161 d8197f6161ff", "82 c1 00 a1 6161 7f6161ff");
        check_clean("9f f0 bf f1 f2 ff ff", "9f f6 bf f6 f6 ff ff");

        /* what only looks like it */
        check_clean("83 42 e0d8 62 d81a f9e0d8", "83 42 e0d8 62 d81a f9e0d8");
        check_clean("83 5f 41e0 41f3 ff 181a 1ae0e0e0e0", "83 5f 41e0 41f3 ff 181a 1ae0e0e0e0");
        check_clean("d9011a d81b 00", "d9011a d81b 00");
        check_clean("fbe0e0e0e0e0e0e0e0", "fbe0e0e0e0e0e0e0e0");
}

/* Tags that Perl makes something of stay where it can. */
TEST(clean_keeps) {
        static const char *const kept[] = {
                "c1 1a514b67b0", /* moments */
                "c1 fb41d452d9ec200000",
                "c1 20",
                "c0 74 323031332d30332d32315432303a30343a30305a",
                "c0 7819 323031332d30332d32315432303a30343a30302b30313a3030",
                "c0 76 323031332d30332d32315432303a30343a30302e355a",
                "c2 49 010000000000000000", /* numbers */
                "c4 82 21 196ab3",
                "c5 82 20 03",
                "d81e 82 01 03",
                "d825 50 000102030405060708090a0b0c0d0e0f", /* and what it does not know */
                "d904d2 82 4161 f6",
                "d9d9f7 01",
        };

        for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
                check_clean(kept[i], kept[i]);
}

TEST(clean_in_doubt) {
        check_clean("c1 60", "60");
        check_clean("c1 f97e00", "f97e00");
        check_clean("c1 fb7e37e43c8800759c", "fb7e37e43c8800759c");
        check_clean("c0 00", "00");
        check_clean("c0 74 323031332d30332d32315432303a30343a303058",
                "74 323031332d30332d32315432303a30343a303058");
        check_clean(
                "c0 73 323031332d30332d32315432303a30343a3030", "73 323031332d30332d32315432303a30343a3030");
        check_clean("c0 74 323031332d30332d32312032303a30343a30305a",
                "74 323031332d30332d32312032303a30343a30305a");
        /* month 13, hour 24, minute 60, second 60, year 1899 */
        check_clean("c0 74 323031332d31332d32315432303a30343a30305a",
                "74 323031332d31332d32315432303a30343a30305a");
        check_clean("c0 74 323031332d30332d32315432343a30343a30305a",
                "74 323031332d30332d32315432343a30343a30305a");
        check_clean("c0 74 323031332d30332d32315432303a36303a30305a",
                "74 323031332d30332d32315432303a36303a30305a");
        check_clean("c0 74 323031332d30332d32315432303a30343a36305a",
                "74 323031332d30332d32315432303a30343a36305a");
        check_clean("c0 74 313839392d30332d32315432303a30343a30305a",
                "74 313839392d30332d32315432303a30343a30305a");
        check_clean("c4 82 1a00100000 01", "82 1a00100000 01");
        check_clean("c4 81 01", "81 01");
        check_clean("c4 82 01 60", "82 01 60");
        check_clean("d81e 82 01 00", "82 01 00");
        check_clean("d81e 82 01 20", "82 01 20");
        check_clean("d820 66 687474703a2f", "66 687474703a2f");
}
