/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/json.h"

static json_t *from_hex(const char *text) {
        json_t *value = NULL;
        CborCursor c;
        Hex hex;

        hex_init(&hex, text);
        c = cbor_cursor(hex.p, hex.n);
        check_int(value_from_cbor(&c, &value), ==, 0);
        check(c.p == c.end);
        check(value);
        return value;
}

/* The CBOR gives this value, and the value gives that CBOR. */
static void check_both(const char *hex, const char *text, const char *back, int line) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        json_t *value = from_hex(hex), *expected;
        json_error_t error;
        Hex back_hex;

        expected = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        if (!expected)
                test_fail(__FILE__, line, "%s: %s", text, error.text);
        if (!json_equal(value, expected))
                test_fail(__FILE__, line, "got %s", json_dumps(value, JSON_ENCODE_ANY));

        check_int(value_to_cbor(value, &buf), ==, 0);
        hex_init(&back_hex, back);
        test_check_mem(__FILE__, line, buf.data, buf.len, back_hex.p, back_hex.n);
        json_decref(value);
        json_decref(expected);
}

#define BOTH(hex, text, back) check_both(hex, text, back, __LINE__)

TEST(scalars) {
        BOTH("00", "0", "00");
        BOTH("20", "-1", "20");
        BOTH("1b7fffffffffffffff", "9223372036854775807", "1b7fffffffffffffff");
        BOTH("3b7fffffffffffffff", "-9223372036854775808", "3b7fffffffffffffff");
        BOTH("1b8000000000000000", "9223372036854775808.0", "fa5f000000");
        BOTH("1bffffffffffffffff", "18446744073709551616.0", "fa5f800000");
        BOTH("3b8000000000000000", "-9223372036854775808.0", "fadf000000");
        BOTH("f93e00", "1.5", "fa3fc00000");
        BOTH("fb3fb999999999999a", "0.1", "fb3fb999999999999a");
        BOTH("f93c00", "1.0", "01");
        BOTH("f4", "false", "f4");
        BOTH("f5", "true", "f5");
        BOTH("f6", "null", "f6");
        BOTH("f7", "null", "f6");
        BOTH("e0", "null", "f6");
        BOTH("f8ff", "null", "f6");
        BOTH("f97e00", "null", "f6");
        BOTH("f97c00", "null", "f6");
}

TEST(strings) {
        BOTH("60", "\"\"", "60");
        BOTH("42 61e4", "\"a\xc3\xa4\"", "63 61c3a4");
        BOTH("5f 4161 41e4 ff", "\"a\xc3\xa4\"", "63 61c3a4");
        BOTH("63 610062", "\"a\\u0000b\"", "63 610062");
        BOTH("62 c328", "\"\xef\xbf\xbd(\"", "64 efbfbd28");
        BOTH("d9d9f7 6161", "\"a\"", "6161");
}

TEST(levels) {
        BOTH("80", "[]", "80");
        BOTH("9f01 9fff ff", "[1,[]]", "82 01 80");
        BOTH("a0", "{}", "a0");
        BOTH("bf 6161 01 4162 a0 ff", "{\"a\":1,\"b\":{}}", "a2 616101 6162a0");
        BOTH("a2 616b01 416b02", "{\"k\":2}", "a1 616b02"); /* the last counts */
        BOTH("a1 61ff 00", "{\"\xef\xbf\xbd\":0}", "a1 63efbfbd 00");
        BOTH("a1 20 00", "{\"-1\":0}", "a1 622d31 00");
        BOTH("a1 f5 00", "{\"true\":0}", "a1 6474727565 00");
        BOTH("a1 8101 00", "{\"[1]\":0}", "a1 635b315d 00");
        BOTH("a1 a1a001 02", "{\"{\\\"{}\\\":1}\":2}", "a1 687b227b7d223a317d 02");
}

TEST(keys_may_have_nul) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        json_t *value = from_hex("a2 63610062 01 6161 02");

        check_int(json_object_size(value), ==, 2);
        check_int(value_to_cbor(value, &buf), ==, 0);
        check_hex(buf_str(&buf), "a2 63610062 01 6161 02");
        json_decref(value);
}

TEST(several_items) {
        json_t *value;
        CborCursor c;
        Hex hex;

        hex_init(&hex, "01 8102 1c");
        c = cbor_cursor(hex.p, hex.n);
        check_int(value_from_cbor(&c, &value), ==, 0);
        check_int(json_integer_value(value), ==, 1);
        json_decref(value);
        check_int(value_from_cbor(&c, &value), ==, 0);
        check_int(json_array_size(value), ==, 1);
        json_decref(value);
        check_int(value_from_cbor(&c, &value), ==, -EBADMSG);
        check(c.p == hex.p + 3);
}

TEST(arguments) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        json_t *number = json_integer(1);

        check_int(value_to_cbor(NULL, &buf), ==, -EINVAL);
        check_int(buf.len, ==, 0);
        buf.error = -ENOMEM;
        check_int(value_to_cbor(number, &buf), ==, -ENOMEM);
        json_decref(number);
}

static json_t *nest(size_t levels, bool object) {
        json_t *value = json_integer(1);

        for (size_t i = 0; i < levels; i++)
                value = object ? json_pack("{s:o}", "a", value) : json_pack("[o]", value);
        return value;
}

TEST(depth) {
        for (int object = 0; object < 2; object++) {
                _cleanup_buf_ Buf buf = BUF_INIT;
                json_t *value = nest(CBOR_DEPTH_MAX, object), *back;
                CborCursor c;

                check_int(value_to_cbor(value, &buf), ==, 0);
                c = cbor_cursor(buf.data, buf.len);
                check_int(value_from_cbor(&c, &back), ==, 0);
                check(json_equal(value, back));
                json_decref(back);
                json_decref(value);

                value = nest(CBOR_DEPTH_MAX + 1, object);
                buf_reset(&buf);
                check_int(value_to_cbor(value, &buf), ==, -ELOOP);
                json_decref(value);
        }
}

TEST(depth_of_unchecked_octets) {
        uint8_t deep[CBOR_DEPTH_MAX + 2];
        CborCursor c = cbor_cursor(deep, sizeof(deep));
        json_t *value;

        memset(deep, 0x81, sizeof(deep));
        check_int(value_from_cbor(&c, &value), ==, -ELOOP);
        check(c.p == deep);
}

TEST(random_octets) {
        srandom(7);
        for (int i = 0; i < 200 * 1000; i++) {
                size_t n = (size_t) random() % 12, len;
                uint8_t *p = malloc(n);
                json_t *value;
                CborCursor c;
                bool odd;
                int r;

                for (size_t k = 0; k < n; k++)
                        p[k] = (uint8_t) random();

                c = cbor_cursor(p, n);
                r = value_from_cbor(&c, &value);
                if (r == 0)
                        json_decref(value);
                else
                        check(c.p == p);
                if (cbor_check(p, n, SIZE_MAX, &len, &odd) == 0) {
                        check_int(r, ==, 0);
                        check(c.p == p + len);
                }
                free(p);
        }
}

/* The two ways to a value are the same. */
TEST(same_as_json) {
        static const char *const items[] = {
                "84 01 20 f93e00 fb3fb999999999999a",
                "83 4161 41e4 62c328",
                "a4 01 00 8101 01 f6 02 a101a10102 03",
                "86 f4 f5 f6 f7 e0 f97e00",
                "9f c101 5f4161ff bf6161 01 ff ff",
                "a1 a1 a1 8001 02 03",
                "a1 81a18001 02",
        };

        for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                _cleanup_buf_ Buf text = BUF_INIT;
                json_t *value = from_hex(items[i]), *parsed;
                Hex hex;

                hex_init(&hex, items[i]);
                check_int(json_from_cbor(hex.p, hex.n, &text), ==, 0);
                parsed = json_loadb((char *) text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
                check(json_equal(value, parsed));
                json_decref(value);
                json_decref(parsed);
        }
}
