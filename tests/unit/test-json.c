/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/json.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"

/* --- splitting -------------------------------------------------------------------------------------- */

/* Feeds the octets in pieces, as a stream would; gives the end of the first text. */
static int split_in_pieces(Str s, size_t cut, size_t step, size_t max, size_t *ret_end) {
        JsonSplit split;
        size_t at = 0;

        json_split_init(&split, max);
        for (;;) {
                size_t end = at < cut ? cut : at + step, used = 12345;
                int r;

                if (end > s.n)
                        end = s.n;

                r = json_split(&split, (const uint8_t *) s.p + at, end - at, &used);
                if (r < 0)
                        return r;

                at += used;
                check_int(at, <=, end);
                if (r > 0) {
                        *ret_end = at;
                        return 1;
                }
                check_int(at, ==, end);
                if (at == s.n)
                        return 0;
        }
}

static int split_max(Str s, size_t max, size_t *ret_end) {
        size_t end = 0, end2;
        int r;

        r = split_in_pieces(s, s.n, s.n, max, &end);
        for (size_t cut = 0; cut <= s.n && s.n < 1000; cut++) {
                end2 = 0;
                check_int(split_in_pieces(s, cut, s.n, max, &end2), ==, r);
                check_int(end2, ==, end);
        }
        end2 = 0;
        check_int(split_in_pieces(s, 0, 1, max, &end2), ==, r);
        check_int(end2, ==, end);

        *ret_end = end;
        return r;
}

/* End of the first text, 0 when there is none, or an error. */
static ssize_t split(const char *text) {
        size_t end = 0;
        int r;

        r = split_max(str_from(text), 1000, &end);
        return r < 0 ? r : (ssize_t) end;
}

TEST(split_finds_the_end) {
        check_int(split(""), ==, 0);
        check_int(split("[]"), ==, 2);
        check_int(split("[][]"), ==, 2);
        check_int(split("[]x"), ==, 2);
        check_int(split(" \t\r\n[ ] "), ==, 7);
        check_int(split("{\"a\":[1,{}]}]"), ==, 12);
        check_int(split("[\"]\"]"), ==, 5);
        check_int(split("[\"\\\"]\"]x"), ==, 7);
        check_int(split("[\"\\\\\"]x"), ==, 6);
        check_int(split("[\"\\\\\\\"]\"]x"), ==, 9);
        check_int(split("[\"\xc3\xa4[\"]"), ==, 7);

        check_int(split("["), ==, 0);
        check_int(split("[1,[2]"), ==, 0);
        check_int(split("[\""), ==, 0);
        check_int(split("[\"\\"), ==, 0);
        check_int(split("   "), ==, 0);

        check_int(split("1"), ==, -EBADMSG);
        check_int(split("\"a\""), ==, -EBADMSG);
        check_int(split(" null"), ==, -EBADMSG);
        check_int(split("]"), ==, -EBADMSG);
        check_int(split("\xef\xbb\xbf[]"), ==, -EBADMSG);
        check_int(split_max(STR_LIT("\0[]"), 100, &(size_t){0}), ==, -EBADMSG);
}

TEST(split_limits) {
        char deep[2 * (CBOR_DEPTH_MAX + 1)];
        size_t end;

        check_int(split_max(STR_LIT("[1,2]"), 5, &end), ==, 1);
        check_int(split_max(STR_LIT("[1,2]"), 4, &end), ==, -EMSGSIZE);
        check_int(split_max(STR_LIT("  [1,2]"), 5, &end), ==, 1); /* white space doesn't count */
        check_int(split_max(STR_LIT("  [1,2 ]"), 5, &end), ==, -EMSGSIZE);
        check_int(split_max(STR_LIT("[\"abcdefgh"), 5, &end), ==, -EMSGSIZE);
        check_int(split_max(STR_LIT("  "), 1, &end), ==, 0);
        check_int(split_max(STR_LIT(" []"), 0, &end), ==, -EMSGSIZE);
        check_int(split_max(STR_LIT("  "), 0, &end), ==, 0);

        memset(deep, '[', CBOR_DEPTH_MAX + 1);
        memset(deep + CBOR_DEPTH_MAX + 1, ']', CBOR_DEPTH_MAX + 1);
        check_int(split_max((Str){deep, sizeof(deep)}, 10000, &end), ==, -ELOOP);
        check_int(split_max((Str){deep + 1, sizeof(deep) - 2}, 10000, &end), ==, 1);
        check_int(end, ==, sizeof(deep) - 2);
}

/* --- to CBOR ---------------------------------------------------------------------------------------- */

static int to_cbor(Str text, Buf *to) {
        size_t before = to->len, len;
        bool odd;
        int r;

        r = json_to_cbor((const uint8_t *) text.p, text.n, to);
        if (r >= 0) {
                check_int(cbor_check(to->data + before, to->len - before, SIZE_MAX, &len, &odd), ==, 0);
                check_int(len, ==, to->len - before);
                check(!odd);
        }
        return r;
}

static void check_to(Str text, const char *hex, int line) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Hex expected;

        check_int(to_cbor(text, &buf), ==, 0);
        hex_init(&expected, hex);
        test_check_mem(__FILE__, line, buf.data, buf.len, expected.p, expected.n);
}

#define TO(literal, hex) check_to(STR_LIT(literal), hex, __LINE__)

TEST(to_words) {
        TO("null", "f6");
        TO("true", "f5");
        TO(" false ", "f4");
        TO("[inf,-inf,nan,-nan,NaN,Inf,-INFINITY,infinity]", "88 f6f6f6f6f6f6f6f6");
}

TEST(to_numbers) {
        TO("0", "00");
        TO("-0", "00");
        TO("1e3", "1903e8");
        TO("1.0", "01");
        TO("-1", "20");
        TO("18446744073709551615", "1bffffffffffffffff");
        TO("18446744073709551616", "fa5f800000");
        TO("-9223372036854775808", "3b7fffffffffffffff");
        TO("-9223372036854775809", "fadf000000");
        TO("-18446744073709551615", "fadf800000");
        TO("0.1", "fb3fb999999999999a");
        TO("1.5e0", "fa3fc00000");
        TO("1E400", "fa7f800000"); /* as the reference has it */
        TO("1e-400", "00");
        TO("123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "fb526f07c2fae1ab2c");
}

TEST(to_strings) {
        TO("\"\"", "60");
        TO("\"abc\"", "63 616263");
        TO("\"\xc3\xa4\"", "62 c3a4");
        TO("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "68 225c2f080c0a0d09");
        TO("\"a\\u00e4b\\u20AC\"", "67 61c3a462e282ac");
        TO("\"\\u0000\"", "61 00");
        TO("\"\\ud83d\\ude00\"", "64 f09f9880");
        TO("\"\\ud83d\"", "63 efbfbd");
        TO("\"\\ude00x\"", "64 efbfbd78");
        TO("\"\\ud83dx\"", "64 efbfbd78");
        TO("\"\\ud83d\\n\"", "64 efbfbd0a");
        TO("\"\\ud83d\\u0041\"", "64 efbfbd41");
        TO("\"\\ud83d\\ud83d\\ude00\"", "67 efbfbdf09f9880");
        TO("\"\\ude00\\ud83d\"", "66 efbfbdefbfbd");
        TO("\"\\uDBFF\\uDFFF\"", "64 f48fbfbf");
        TO("\"a\xff\"", "64 61efbfbd");
        TO("\"\xc3\\u00a4\"", "65 efbfbdc2a4");
        TO("\"\\n\xe2\x82\"", "64 0aefbfbd");
        TO("\"\x7f\"", "61 7f");
}

TEST(to_levels) {
        TO("[]", "80");
        TO("{}", "a0");
        TO(" [ ] ", "80");
        TO("[[],[[]],{}]", "83 80 8180 a0");
        TO("[1,\"a\",[2,3],{\"k\":[4]}]", "84 01 6161 820203 a1616b8104");
        TO("{\"a\":1,\"b\":{\"c\":2},\"d\":[{}]}", "a3 616101 6162a1616302 616481a0");
        TO("{\"a\":1,\"a\":2}", "a2 616101 616102"); /* both */
        TO("\n{\t\"a\" :\r1 , \"b\": [ 1 , 2 ] }\n", "a2 616101 6162820102");
        TO("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
                "9818 010101010101010101010101010101010101010101010101");
}

TEST(to_appends) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        check_int(to_cbor(STR_LIT("1"), &buf), ==, 0);
        check_int(to_cbor(STR_LIT("[2]"), &buf), ==, 0);
        check_hex(buf_str(&buf), "01 8102");
}

TEST(to_malformed) {
        static const char *const bad[] = {
                "",
                " ",
                "[",
                "]",
                "[1",
                "[1,",
                "[1,]",
                "[,1]",
                "[,]",
                "[1 2]",
                "[1]]",
                "[1}",
                "{]",
                "{",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":1",
                "{\"a\":1,",
                "{\"a\":1,}",
                "{\"a\" 1}",
                "{\"a\":}",
                "{1:2}",
                "{a:1}",
                "{,}",
                "{\"a\":1 \"b\":2}",
                "{\"a\"}",
                "{\"a\":1:2}",
                "[\"a\":1]",
                "[1:2]",
                "[] []",
                "1 2",
                "nul",
                "nulll",
                "True",
                "NULL",
                "[x]",
                "[-]",
                "[+1]",
                "[01]",
                "[1.]",
                "[.5]",
                "[1e]",
                "[0x10]",
                "[1.2.3]",
                "[--1]",
                "[infi]",
                "[-n]",
                "[nanx]",
                "\"",
                "\"a",
                "\"\\\"",
                "\"\\",
                "\"\\x\"",
                "\"\\u12\"",
                "\"\\u123g\"",
                "\"\\u",
                "\"\\u1",
                "\"a\nb\"",
                "\"0123456\n89012345678\"",
                "\"01234567890123\037567890\"",
                "\"\x1f\"",
                "'a'",
                "[1,//\n2]",
                "[1,\v2]",
                "\xef\xbb\xbf[]",
                "[\xff]",
                "\xff",
        };
        _cleanup_buf_ Buf buf = BUF_INIT;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                if (to_cbor(str_from(bad[i]), &buf) != -EBADMSG)
                        test_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
        check_int(to_cbor(STR_LIT("[1]\0"), &buf), ==, -EBADMSG);
        check_int(to_cbor(STR_LIT("\"\0\""), &buf), ==, -EBADMSG);
        check_int(to_cbor(STR_LIT("[1\0]"), &buf), ==, -EBADMSG);
        check_int(buf.len, ==, 0);
}

static int nested(size_t levels, const char *open, const char *inner, const char *close) {
        _cleanup_buf_ Buf text = BUF_INIT, buf = BUF_INIT;

        for (size_t i = 0; i < levels; i++)
                buf_put_str(&text, str_from(open));
        buf_put_str(&text, str_from(inner));
        for (size_t i = 0; i < levels; i++)
                buf_put_str(&text, str_from(close));

        return to_cbor(buf_str(&text), &buf);
}

TEST(to_depth) {
        check_int(nested(CBOR_DEPTH_MAX, "[", "1", "]"), ==, 0);
        check_int(nested(CBOR_DEPTH_MAX - 1, "[", "{}", "]"), ==, 0);
        check_int(nested(CBOR_DEPTH_MAX, "[", "{}", "]"), ==, -ELOOP);
        check_int(nested(CBOR_DEPTH_MAX + 1, "[", "", "]"), ==, -ELOOP);
        check_int(nested(CBOR_DEPTH_MAX, "{\"a\":", "1", "}"), ==, 0);
        check_int(nested(CBOR_DEPTH_MAX + 1, "{\"a\":", "1", "}"), ==, -ELOOP);
        check_int(nested(100 * 1000, "[", "", ""), ==, -ELOOP);
}

TEST(to_without_memory) {
        Buf buf = {.error = -ENOMEM};

        check_int(to_cbor(STR_LIT("[1,2]"), &buf), ==, -ENOMEM);
}

TEST(to_too_long) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        check_int(json_to_cbor((const uint8_t *) "[]", (size_t) UINT32_MAX + 1, &buf), ==, -EMSGSIZE);
        check_int(buf.len, ==, 0);
}

/* What makes careless converters slow: each of these 8 MiB has to take much less than the time limit. */
TEST(to_hostile_is_linear) {
        static const char *const patterns[] = {
                "[],",
                "{\"\":0},",
                "\"\\u0000\",",
                "\"\\ud800\",",
                "[[[[[[1]]]]]],",
                "1,",
                "\"\xff\xff\xff\xff\xff\xff\",",
                "inf,",
                "                    ",
        };

        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
                _cleanup_buf_ Buf text = BUF_INIT, buf = BUF_INIT, back = BUF_INIT;

                buf_putc(&text, '[');
                while (text.len < 8 * 1024 * 1024)
                        buf_put_str(&text, str_from(patterns[i]));
                buf_put_str(&text, STR_LIT("0]"));
                check_int(json_to_cbor(text.data, text.len, &buf), ==, 0);
                check_int(json_from_cbor(buf.data, buf.len, &back), ==, 0);
        }
}

TEST(to_endless_tokens_are_linear) {
        static const char fills[] = "1 90\\";

        for (const char *fill = fills; *fill; fill++) {
                _cleanup_buf_ Buf text = BUF_INIT, buf = BUF_INIT;
                const char *open = *fill == '\\' ? "\"" : *fill == '9' ? "0." : *fill == '0' ? "1e" : "";
                size_t n = 8 * 1024 * 1024;

                buf_put_str(&text, str_from(open));
                memset(buf_extend(&text, n), *fill, n);
                buf_put_str(&text, *fill == '\\' ? STR_LIT("\"") : STR_LIT("1"));
                check_int(json_to_cbor(text.data, text.len, &buf), ==, 0);
        }
}

/* --- from CBOR -------------------------------------------------------------------------------------- */

static void check_from(const char *hex, Str expected, int line) {
        _cleanup_buf_ Buf text = BUF_INIT, buf = BUF_INIT;
        size_t len;
        bool odd;
        Hex item;

        hex_init(&item, hex);
        check_int(cbor_check(item.p, item.n, SIZE_MAX, &len, &odd), ==, 0);
        check_int(json_from_cbor(item.p, item.n, &text), ==, 0);
        test_check_mem(__FILE__, line, text.data, text.len, expected.p, expected.n);
        check_int(to_cbor(buf_str(&text), &buf), ==, 0);
}

#define FROM(hex, literal) check_from(hex, STR_LIT(literal), __LINE__)

TEST(from_scalars) {
        FROM("00", "0");
        FROM("1bffffffffffffffff", "18446744073709551615");
        FROM("20", "-1");
        FROM("3b7fffffffffffffff", "-9223372036854775808");
        FROM("3bffffffffffffffff", "-18446744073709551616");
        FROM("f93e00", "1.5");
        FROM("f93c00", "1");
        FROM("fb3fb999999999999a", "0.1");
        FROM("fa3dcccccd", "0.10000000149011612");
        FROM("fb7e37e43c8800759c", "1e+300");
        FROM("f98000", "-0");
        FROM("f4", "false");
        FROM("f5", "true");
        FROM("f6", "null");
        FROM("f7", "null");
        FROM("e0", "null");
        FROM("f8ff", "null");
        FROM("f97e00", "null");
        FROM("f97c00", "null");
        FROM("fbfff0000000000000", "null");
}

TEST(from_strings) {
        FROM("60", "\"\"");
        FROM("40", "\"\"");
        FROM("63 616263", "\"abc\"");
        FROM("62 c3a4", "\"\xc3\xa4\"");
        FROM("41 e4", "\"\xc3\xa4\"");
        FROM("5f 41e4 4161 ff",
                "\"\xc3\xa4"
                "a\"");
        FROM("7f 61c3 61a4 ff", "\"\xc3\xa4\"");
        FROM("7fff", "\"\"");
        FROM("62 c328", "\"\xef\xbf\xbd(\"");
        FROM("64 61ff62e2",
                "\"a\xef\xbf\xbd"
                "b\xef\xbf\xbd\"");
        FROM("6a 225c2f080c0a0d09000b", "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u000b\"");
        FROM("42 1f7f", "\"\\u001f\x7f\"");
}

TEST(from_levels) {
        FROM("80", "[]");
        FROM("a0", "{}");
        FROM("9fff", "[]");
        FROM("bfff", "{}");
        FROM("84 01 6161 820203 a1616b8104", "[1,\"a\",[2,3],{\"k\":[4]}]");
        FROM("9f 01 9f ff bf 6161 02 6162 9f03ff ff ff", "[1,[],{\"a\":2,\"b\":[3]}]");
        FROM("a2 616101 616102", "{\"a\":1,\"a\":2}");
}

TEST(from_tags_go) {
        FROM("c100", "0");
        FROM("d9d9f7 81 d81a 82 6161 c24101", "[[\"a\",\"\\u0001\"]]");
        FROM("a1 c16161 c100", "{\"a\":0}");
}

TEST(from_keys_become_strings) {
        FROM("a1 4161 00", "{\"a\":0}");
        FROM("a1 41e4 00", "{\"\xc3\xa4\":0}");
        FROM("a1 61ff 00", "{\"\xef\xbf\xbd\":0}");
        FROM("a1 01 00", "{\"1\":0}");
        FROM("a1 20 00", "{\"-1\":0}");
        FROM("a1 f93e00 00", "{\"1.5\":0}");
        FROM("a1 f5 00", "{\"true\":0}");
        FROM("a1 f6 00", "{\"\":0}");
        FROM("a1 f7 00", "{\"\":0}");
        FROM("a1 f97e00 00", "{\"null\":0}");
        FROM("a1 7f6161ff 00", "{\"a\":0}");
        FROM("a1 82016161 00", "{\"[1,\\\"a\\\"]\":0}");
        FROM("a1 a1616101 00", "{\"{\\\"a\\\":1}\":0}");
        FROM("a1 a1 0102 00", "{\"{\\\"1\\\":2}\":0}");
        FROM("a1 a1810102 00", "{\"{\\\"[]\\\":2}\":0}"); /* no key within a key within a key */
        FROM("a1 81a1a001 02", "{\"[{\\\"{}\\\":1}]\":2}");
}

/* Keys that are maps whose keys are maps: quoting each again would double the text with each level. */
TEST(from_nested_keys_stay_short) {
        _cleanup_buf_ Buf item = BUF_INIT, text = BUF_INIT;
        size_t len;
        bool odd;

        for (int i = 0; i < CBOR_DEPTH_MAX; i++)
                cbor_put_map(&item, 1);
        for (int i = 0; i < CBOR_DEPTH_MAX + 1; i++)
                buf_putc(&item, 0x00);
        check_int(cbor_check(item.data, item.len, SIZE_MAX, &len, &odd), ==, 0);
        check_int(json_from_cbor(item.data, item.len, &text), ==, 0);
        check_is(buf_str(&text), "{\"{\\\"{}\\\":0}\":0}");
}

TEST(from_depth) {
        static const char *const opens[] = {"81", "a100", "c1", "9f"};

        for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
                _cleanup_buf_ Buf item = BUF_INIT, text = BUF_INIT;
                Hex open;

                hex_init(&open, opens[i]);
                for (int k = 0; k < CBOR_DEPTH_MAX; k++)
                        buf_put_str(&item, hex_str(&open));
                buf_putc(&item, 0x00);
                if (open.p[0] == 0x9f)
                        memset(buf_extend(&item, CBOR_DEPTH_MAX), 0xff, CBOR_DEPTH_MAX);

                check_int(json_from_cbor(item.data, item.len, &text), ==, 0);
        }
}

TEST(from_without_memory) {
        Buf text = {.error = -ENOMEM};

        check_int(json_from_cbor(OCTETS("\x81\x00"), &text), ==, -ENOMEM);
}

TEST(from_unchecked_depth) {
        size_t n = 1000 * 1000;
        uint8_t *deep = malloc(n);
        Buf text = BUF_INIT;

        memset(deep, 0x81, n);
        check_int(json_from_cbor(deep, n, &text), ==, -ELOOP);
        memset(deep, 0xc1, n);
        check_int(json_from_cbor(deep, n, &text), ==, -EBADMSG);
        buf_deinit(&text);
        free(deep);
}

/* Octets of no use, but no reason to crash either. */
TEST(from_unchecked_octets) {
        srandom(6);
        for (int i = 0; i < 200 * 1000; i++) {
                _cleanup_buf_ Buf text = BUF_INIT;
                size_t n = (size_t) random() % 12;
                uint8_t *p = malloc(n);

                for (size_t k = 0; k < n; k++)
                        p[k] = (uint8_t) random();
                (void) json_from_cbor(p, n, &text);
                free(p);
        }
}

/* --- both ------------------------------------------------------------------------------------------- */

/* A locale with a decimal comma, made here since no machine has to have one. */
static void set_comma_locale(void) {
        char dir[] = "/tmp/test-json-XXXXXX", command[256];
        int status;

        check(mkdtemp(dir));
        (void) snprintf(
                command, sizeof(command), "localedef --no-archive -i de_DE -f UTF-8 %s/de_DE.UTF-8", dir);
        status = system(command);
        check_int(setenv("LOCPATH", dir, /* overwrite= */ true), ==, 0);
        if (status == 0)
                check(setlocale(LC_ALL, "de_DE.UTF-8"));

        (void) snprintf(command, sizeof(command), "rm -r %s", dir);
        check_int(system(command), ==, 0);
        if (status != 0)
                test_fail(
                        __FILE__, __LINE__, "no localedef or no sources of de_DE: apt-get install locales");
}

TEST(locale_does_not_matter) {
        _cleanup_buf_ Buf buf = BUF_INIT, text = BUF_INIT;

        set_comma_locale();
        check_str(localeconv()->decimal_point, ",");

        check_int(to_cbor(STR_LIT("[0.5]"), &buf), ==, 0);
        check_hex(buf_str(&buf), "81 fa3f000000");
        check_int(json_from_cbor(buf.data, buf.len, &text), ==, 0);
        check_is(buf_str(&text), "[0.5]");
        check_str(localeconv()->decimal_point, ","); /* still */
}

TEST(round_trip) {
        static const char *const texts[] = {
                "[]",
                "{}",
                "[1,-1,0.5,\"a\",true,false,null]",
                "{\"a\":{\"b\":[[[]]]}}",
                "[\"\\u0000\\n\\\"\\\\\"]",
                "[18446744073709551615,-9223372036854775808]",
                "[\"\xf0\x9f\x98\x80\"]",
                "[1e+100]",
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                _cleanup_buf_ Buf buf = BUF_INIT, text = BUF_INIT;

                check_int(to_cbor(str_from(texts[i]), &buf), ==, 0);
                check_int(json_from_cbor(buf.data, buf.len, &text), ==, 0);
                check_mem(text.data, text.len, texts[i], strlen(texts[i]));
        }
}
