/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"
#include "wire/number.h"

static CborCursor cursor(const Hex *hex) {
        return cbor_cursor(hex->p, hex->n);
}

TEST(peek) {
        static const struct {
                const char *hex;
                CborType type;
        } cases[] = {
                {"", CBOR_END},
                {"ff", CBOR_END},
                {"00", CBOR_UINT},
                {"1b", CBOR_UINT},
                {"20", CBOR_NINT},
                {"40", CBOR_BYTES},
                {"5f", CBOR_BYTES},
                {"60", CBOR_TEXT},
                {"7f", CBOR_TEXT},
                {"80", CBOR_ARRAY},
                {"9f", CBOR_ARRAY},
                {"a0", CBOR_MAP},
                {"bf", CBOR_MAP},
                {"c0", CBOR_TAG},
                {"f4", CBOR_FALSE},
                {"f5", CBOR_TRUE},
                {"f6", CBOR_NULL},
                {"f7", CBOR_UNDEFINED},
                {"e0", CBOR_SIMPLE},
                {"f3", CBOR_SIMPLE},
                {"f820", CBOR_SIMPLE},
                {"f90000", CBOR_DOUBLE},
                {"fa", CBOR_DOUBLE},
                {"fb", CBOR_DOUBLE},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CborCursor c;
                Hex hex;

                hex_init(&hex, cases[i].hex);
                c = cursor(&hex);
                check_int(cbor_peek(&c), ==, cases[i].type);
                check(c.p == hex.p);
        }
}

/* Result of reading the item, or `none` after an error. */
#define READ(fn, text, type, none) \
        ({ \
                type _v = none; \
                CborCursor _c; \
                Hex _hex; \
\
                hex_init(&_hex, text); \
                _c = cursor(&_hex); \
                if (fn(&_c, &_v) < 0) \
                        check(_c.p == _hex.p); /* not moved */ \
                else \
                        check(_c.p == _c.end); \
                _v; \
        })

#define NONE 4711
#define READ_UINT(text) READ(cbor_read_uint, text, uint64_t, NONE)
#define READ_DOUBLE(text) READ(cbor_read_double, text, double, NONE)

TEST(uint) {
        check_int(READ_UINT("00"), ==, 0);
        check_int(READ_UINT("17"), ==, 23);
        check_int(READ_UINT("1818"), ==, 24);
        check_int(READ_UINT("190100"), ==, 256);
        check_int(READ_UINT("1a00010000"), ==, 65536);
        check_int(READ_UINT("1bffffffffffffffff"), ==, UINT64_MAX);
        check_int(READ_UINT("1b0000000000000001"), ==, 1);

        check_int(READ_UINT("43 313233"), ==, 123);
        check_int(READ_UINT("63 303037"), ==, 7);
        check_int(READ_UINT("7f 6131 60 6132 ff"), ==, 12);
        check_int(
                READ_UINT("7f 7821 303030303030303030303030303030303030303030303030303030303030303030 7820 "
                          "3030303030303030303030303030303030303030303030303030303030303031 ff"),
                ==, NONE); /* no longer a number */
        check_int(READ_UINT("54 3138343436373434303733373039353531363135"), ==, UINT64_MAX);
        check_int(READ_UINT("54 3138343436373434303733373039353531363136"), ==, NONE);

        check_int(READ_UINT("f93c00"), ==, 1);
        check_int(READ_UINT("fa4f800000"), ==, (uint64_t) 1 << 32);
        check_int(READ_UINT("fb43efffffffffffff"), ==, UINT64_MAX - 2047);
        check_int(READ_UINT("f98000"), ==, 0);
        check_int(READ_UINT("fb43f0000000000000"), ==, NONE); /* 2^64 */
        check_int(READ_UINT("f93e00"), ==, NONE);             /* 1.5 */
        check_int(READ_UINT("f9bc00"), ==, NONE);             /* -1 */
        check_int(READ_UINT("f97c00"), ==, NONE);
        check_int(READ_UINT("f97e00"), ==, NONE);

        check_int(READ_UINT(""), ==, NONE);
        check_int(READ_UINT("18"), ==, NONE);
        check_int(READ_UINT("20"), ==, NONE);
        check_int(READ_UINT("40"), ==, NONE);
        check_int(READ_UINT("41 2d"), ==, NONE);
        check_int(READ_UINT("42 31"), ==, NONE);
        check_int(READ_UINT("42 3120"), ==, NONE);
        check_int(READ_UINT("7f 6131 4132 ff"), ==, NONE);
        check_int(READ_UINT("80"), ==, NONE);
        check_int(READ_UINT("f6"), ==, NONE);
        check_int(READ_UINT("ff"), ==, NONE);
}

TEST(doubles) {
        check(READ_DOUBLE("00") == 0);
        check(READ_DOUBLE("1bffffffffffffffff") == 0x1p64);
        check(READ_DOUBLE("20") == -1);
        check(READ_DOUBLE("3bffffffffffffffff") == -0x1p64);
        check(READ_DOUBLE("3bfffffffffffffffe") == -0x1p64);
        check(READ_DOUBLE("3badae04af2c4f1400") == -0x1.5b5c095e589e3p+63); /* half way, and one more */

        /* RFC 8949, appendix A */
        check(READ_DOUBLE("f90000") == 0);
        check(signbit(READ_DOUBLE("f98000")));
        check(READ_DOUBLE("f93c00") == 1);
        check(READ_DOUBLE("f93e00") == 1.5);
        check(READ_DOUBLE("f97bff") == 65504);
        check(READ_DOUBLE("f90001") == 5.960464477539063e-8);
        check(READ_DOUBLE("f90400") == 0.00006103515625);
        check(READ_DOUBLE("f9c400") == -4);
        check(READ_DOUBLE("fa47c35000") == 100000);
        check(READ_DOUBLE("fa7f7fffff") == 3.4028234663852886e+38);
        check(READ_DOUBLE("fb7e37e43c8800759c") == 1.0e+300);
        check(READ_DOUBLE("fbc010666666666666") == -4.1);
        check(READ_DOUBLE("f97c00") == (double) INFINITY);
        check(READ_DOUBLE("f9fc00") == -(double) INFINITY);
        check(READ_DOUBLE("faff800000") == -(double) INFINITY);
        check(isnan(READ_DOUBLE("f97e00")));
        check(isnan(READ_DOUBLE("f97c01")));
        check(isnan(READ_DOUBLE("fb7ff8000000000000")));

        check(READ_DOUBLE("43 312e35") == 1.5);
        check(READ_DOUBLE("66 2d3165 2b3230") == -1e20);
        check(READ_DOUBLE("5f 4131 422e35 ff") == 1.5);
        check(READ_DOUBLE("40") == NONE);
        check(READ_DOUBLE("43 312e78") == NONE);
        check(READ_DOUBLE("43 6e616e") == NONE);
        check(READ_DOUBLE("43 307831") == NONE);
        check(READ_DOUBLE("81 00") == NONE);
        check(READ_DOUBLE("f6") == NONE);
        check(READ_DOUBLE("fb00") == NONE);
        check(READ_DOUBLE("f820") == NONE);
}

static int read_bool(const char *text) {
        bool v = true, v2 = false;
        CborCursor c;
        Hex hex;
        int r;

        hex_init(&hex, text);
        c = cursor(&hex);
        r = cbor_read_bool(&c, &v);
        if (r < 0) {
                check(c.p == hex.p);
                return r;
        }

        check(c.p == c.end);
        c = cursor(&hex);
        check_int(cbor_read_bool(&c, &v2), ==, 0);
        check_int(v, ==, v2);
        return v;
}

TEST(bools) {
        static const char *const yes[] = {"f5", "01", "4131", "6131", "7f 6131 ff", "f93c00"};
        static const char *const no[] = {
                "f4", "f6", "f7", "00", "40", "60", "4130", "6130", "5fff", "f90000"};
        static const char *const none[] = {
                "", "02", "20", "4132", "4374727565", "80", "a0", "c101", "ff", "e0", "4231"};

        for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
                check_int(read_bool(yes[i]), ==, 1);
        for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
                check_int(read_bool(no[i]), ==, 0);
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                check_int(read_bool(none[i]), ==, -EBADMSG);
}

TEST(levels) {
        uint64_t n;
        CborCursor c;
        Hex hex;

        hex_init(&hex, "83 00 a1 01 c2 40 9f bf ff ff 9901ff");
        c = cursor(&hex);
        check_int(cbor_read_map(&c, &n), ==, -EBADMSG);
        check_int(cbor_read_tag(&c, &n), ==, -EBADMSG);
        check_int(cbor_read_array(&c, &n), ==, 0);
        check_int(n, ==, 3);
        check(!cbor_read_end(&c));
        check_int(cbor_read_array(&c, &n), ==, -EBADMSG);
        check_int(cbor_read_uint(&c, &n), ==, 0);
        check_int(cbor_read_map(&c, &n), ==, 0);
        check_int(n, ==, 1);
        check_int(cbor_read_uint(&c, &n), ==, 0);
        check_int(cbor_read_tag(&c, &n), ==, 0);
        check_int(n, ==, 2);
        check_int(cbor_skip(&c), ==, 0);
        check_int(cbor_read_array(&c, &n), ==, 0);
        check(n == CBOR_INDEFINITE);
        check(!cbor_read_end(&c));
        check_int(cbor_read_map(&c, &n), ==, 0);
        check(n == CBOR_INDEFINITE);
        check(cbor_read_end(&c));
        check(cbor_read_end(&c));
        check_int(cbor_read_array(&c, &n), ==, 0);
        check_int(n, ==, 0x1ff);
        check(cbor_read_end(&c)); /* no more octets */
        check_int(cbor_read_array(&c, &n), ==, -EBADMSG);
}

/* --- strings ---------------------------------------------------------------------------------------- */

static void check_read_str(const char *text, Str expected, bool in_place, int line) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str s = STR_NULL;
        CborCursor c;
        Hex hex;

        hex_init(&hex, text);
        c = cursor(&hex);
        check_int(cbor_read_str(&c, &scratch, &s), ==, 0);
        test_check_mem(__FILE__, line, s.p, s.n, expected.p, expected.n);
        check(c.p == c.end);
        check_int(s.p >= (char *) hex.p && s.p <= (char *) hex.p + hex.n, ==, in_place);
}

#define READS(text, literal, in_place) check_read_str(text, STR_LIT(literal), in_place, __LINE__)

TEST(strings) {
        READS("60", "", true);
        READS("40", "", true);
        READS("63 616263", "abc", true);
        READS("43 616263", "abc", true);
        READS("5803 616263", "abc", true);
        READS("7b0000000000000001 61", "a", true);
        READS("62 c3a4", "\xc3\xa4", true);
        READS("41 e4", "\xc3\xa4", false);
        READS("43 61ff80", "a\xc3\xbf\xc2\x80", false);
        READS("62 c328", "\xc3(", true); /* not UTF-8, handed out as it is */
        READS("63 610062", "a\0b", true);

        READS("5fff", "", false);
        READS("7f 6161 60 626263 ff", "abc", false);
        READS("5f 4161 41e4 ff", "a\xc3\xa4", false);
        READS("7f 61c3 61a4 ff", "\xc3\xa4", false);

        READS("c1 d9d9f7 6161", "a", true);
}

TEST(numbers_as_strings) {
        READS("00", "0", false);
        READS("1bffffffffffffffff", "18446744073709551615", false);
        READS("20", "-1", false);
        READS("3b7fffffffffffffff", "-9223372036854775808", false);
        READS("3bfffffffffffffffe", "-18446744073709551615", false);
        READS("3bffffffffffffffff", "-18446744073709551616", false);
        READS("f93e00", "1.5", false);
        READS("fb3fb999999999999a", "0.1", false);
        READS("fbc415af1d78b58c40", "-1e+20", false);
        READS("fb41d2ae1b8995d6a2", "1253600806.3412251", false);
}

TEST(no_strings) {
        static const char *const none[] = {
                "",
                "f4",
                "f5",
                "f6",
                "f7",
                "e0",
                "f820",
                "80",
                "a0",
                "ff",
                "c1",
                "c180",
                "f97e00",
                "f97c00",
                "62 61",
                "7f 4161 ff",
                "7f 6161",
                "7f 7f ff ff",
                "5b ffffffffffffffff 00",
                "1c",
                "78",
        };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
                _cleanup_buf_ Buf scratch = BUF_INIT;
                CborCursor c;
                Hex hex;
                Str s;

                hex_init(&hex, none[i]);
                c = cursor(&hex);
                check_int(cbor_read_str(&c, &scratch, &s), ==, -EBADMSG);
                check(c.p == hex.p);
        }
}

TEST(null_as_string) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c;
        Hex hex;
        Str s;

        hex_init(&hex, "f6 f7 6161 f4");
        c = cursor(&hex);
        check_int(cbor_read_str(&c, &scratch, &s), ==, -EBADMSG);
        check_int(cbor_read_str_or_null(&c, &scratch, &s), ==, 0);
        check_is(s, "");
        check_int(cbor_read_str_or_null(&c, &scratch, &s), ==, 0);
        check_is(s, "");
        check_int(cbor_read_str_or_null(&c, &scratch, &s), ==, 0);
        check_is(s, "a");
        check_int(cbor_read_str_or_null(&c, &scratch, &s), ==, -EBADMSG);
}

TEST(strings_live_side_by_side) {
        _cleanup_buf_ Buf scratch = BUF_INIT, items = BUF_INIT;
        void *others[500];
        Str strings[500];
        CborCursor c;

        for (int i = 0; i < 500; i++)
                cbor_put_bytes(&items, (char[]){'\xe4', (char) ('0' + i % 10)}, 2);

        c = cbor_cursor(items.data, items.len);
        for (int i = 0; i < 500; i++) {
                check_int(cbor_read_str(&c, &scratch, &strings[i]), ==, 0);
                others[i] = calloc(1, 64); /* in the way of a buffer that grows in its place */
        }
        for (int i = 0; i < 500; i++) {
                char expected[] = "\xc3\xa4.";

                expected[2] = (char) ('0' + i % 10);
                check_mem(strings[i].p, strings[i].n, expected, 3);
                free(others[i]);
        }
}

TEST(no_memory_for_a_string) {
        Buf scratch = {.error = -ENOMEM};
        CborCursor c;
        Hex hex;
        Str s;

        hex_init(&hex, "41e4");
        c = cursor(&hex);
        check_int(cbor_read_str(&c, &scratch, &s), ==, -ENOMEM);
        check(c.p == hex.p);
        hex_init(&hex, "7fff");
        c = cursor(&hex);
        check_int(cbor_read_str(&c, &scratch, &s), ==, -ENOMEM);
        hex_init(&hex, "00");
        c = cursor(&hex);
        check_int(cbor_read_str(&c, &scratch, &s), ==, -ENOMEM);
}

/* --- whatever the octets ---------------------------------------------------------------------------- */

TEST(skip) {
        CborCursor c;
        Hex hex;

        hex_init(&hex, "83 00 9f 7f 6161 ff ff a1 00 c1 00 01 1c");
        c = cursor(&hex);
        check_int(cbor_skip(&c), ==, 0);
        check(c.p == hex.p + hex.n - 2);
        check_int(cbor_skip(&c), ==, 0);
        check_int(cbor_skip(&c), ==, -EBADMSG);
        check(c.p == hex.p + hex.n - 1);
        c.p++;
        check_int(cbor_skip(&c), ==, -EBADMSG);
}

TEST(readers_stay_within_random_octets) {
        srandom(3);
        for (int i = 0; i < 200 * 1000; i++) {
                size_t n = (size_t) random() % 12;
                uint8_t *p = malloc(n); /* of its own, for the address sanitizer */

                for (size_t k = 0; k < n; k++)
                        p[k] = (uint8_t) random();

                for (int reader = 0; reader < 10; reader++) {
                        _cleanup_buf_ Buf scratch = BUF_INIT;
                        CborCursor c = cbor_cursor(p, n);
                        uint64_t v;
                        double d;
                        bool b;
                        Str s;
                        int r = -1;

                        switch (reader) {
                        case 0:
                                r = cbor_read_uint(&c, &v);
                                break;
                        case 1:
                                r = cbor_read_double(&c, &d);
                                break;
                        case 2:
                                r = cbor_read_bool(&c, &b);
                                break;
                        case 3:
                                r = cbor_read_tag(&c, &v);
                                break;
                        case 4:
                                r = cbor_read_array(&c, &v);
                                break;
                        case 5:
                                r = cbor_read_map(&c, &v);
                                break;
                        case 6:
                                r = cbor_read_str(&c, &scratch, &s);
                                break;
                        case 7:
                                r = cbor_read_str_or_null(&c, &scratch, &s);
                                break;
                        case 8:
                                r = cbor_skip(&c);
                                break;
                        case 9:
                                (void) cbor_peek(&c);
                                (void) cbor_read_end(&c);
                                continue;
                        }
                        check(r == 0 || r == -EBADMSG);
                        check(c.p >= p && c.p <= p + n);
                        check(r == 0 || c.p == p);
                }
                free(p);
        }
}

/* --- numbers as text -------------------------------------------------------------------------------- */

TEST(number_grammar) {
        static const struct {
                const char *text;
                size_t n;
                bool integer;
        } cases[] = {
                {"0", 1, true},
                {"-0", 2, true},
                {"10", 2, true},
                {"1.5", 3, false},
                {"1e5", 3, false},
                {"1E+5", 4, false},
                {"1e-5", 4, false},
                {"-1.5e10", 7, false},
                {"12]", 2, true},
                {"1.5,", 3, false},
                {"", 0, true},
                {"-", 0, true},
                {"+1", 0, true},
                {".5", 0, true},
                {"01", 0, true},
                {"-01", 0, true},
                {"1.", 0, true},
                {"1.e5", 0, true},
                {"1e", 0, true},
                {"1e+", 0, true},
                {"x", 0, true},
                {"0x1", 1, true},
                {"-x", 0, true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                bool integer;
                size_t n = number_span(str_from(cases[i].text), &integer);

                check_int(n, ==, cases[i].n);
                if (n > 0)
                        check_int(integer, ==, cases[i].integer);
        }
}

TEST(doubles_have_the_fewest_digits) {
        static const struct {
                double v;
                const char *text;
        } cases[] = {
                {0.1, "0.1"},
                {1.0 / 3, "0.3333333333333333"},
                {1e22, "1e+22"},
                {5e-324, "4.94065645841247e-324"},
                {1.5, "1.5"},
                {1795175333.84259, "1795175333.84259"},
                {0.1 + 0.2, "0.30000000000000004"},
                {-2.5, "-2.5"},
                {1.7976931348623157e308, "1.7976931348623157e+308"},
                {3, "3"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[NUMBER_TEXT_MAX];
                size_t n = number_write_double(text, cases[i].v);

                check_mem(text, n, cases[i].text, strlen(cases[i].text));
        }
}

TEST(random_doubles_read_back) {
        srandom(4);
        for (int i = 0; i < 100 * 1000; i++) {
                uint64_t bits = (uint64_t) random() << 33 ^ (uint64_t) random() << 11 ^ (uint64_t) random();
                char text[NUMBER_TEXT_MAX];
                double v, back;
                bool integer;
                Str s;

                memcpy(&v, &bits, sizeof(v));
                if (!isfinite(v))
                        continue;
                s = (Str){text, number_write_double(text, v)};
                check_int(number_span(s, &integer), ==, s.n);
                check_int(number_read_double(s, &back), ==, 0);
                check(back == v);
        }
}
