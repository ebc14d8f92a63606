/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/id.h"

#include "tests/unit/test.h"
#include "wire/buf.h"
#include "wire/utf8.h"

TEST(node_id) {
        char long_id[NODE_ID_MAX + 1];

        check(node_id_is_valid(STR_LIT("a")));
        check(node_id_is_valid(STR_LIT("host-1_x.example:4040/azAZ09")));
        check(!node_id_is_valid(STR_LIT("")));
        check(!node_id_is_valid(STR_NULL));

        for (unsigned c = 0; c < 256; c++) {
                char id = (char) c;
                bool good = c != 0 && c < 128 &&
                        strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789_-.:/",
                                (int) c);

                check_int(node_id_is_valid((Str){&id, 1}), ==, good);
        }

        memset(long_id, 'a', sizeof(long_id));
        check(node_id_is_valid((Str){long_id, NODE_ID_MAX}));
        check(!node_id_is_valid((Str){long_id, NODE_ID_MAX + 1}));
}

TEST(port_name) {
        char long_name[PORT_NAME_MAX + 1];

        check(port_name_is_valid(STR_LIT("")));
        check(port_name_is_valid(STR_NULL));
        check(port_name_is_valid(STR_LIT("a#b;c, d \xc3\xa4")));
        check(!port_name_is_valid(STR_LIT("\xc3")));
        check(!port_name_is_valid(STR_LIT("a\xff")));

        for (unsigned c = 0; c < 128; c++) {
                char name = (char) c;

                check_int(port_name_is_valid((Str){&name, 1}), ==, c >= 0x20 && c != 0x7f);
        }

        memset(long_name, 'a', sizeof(long_name));
        check(port_name_is_valid((Str){long_name, PORT_NAME_MAX}));
        check(!port_name_is_valid((Str){long_name, PORT_NAME_MAX + 1}));
}

TEST(split) {
        Str node, port;

        port_id_split(STR_LIT("n#p"), &node, &port);
        check_is(node, "n");
        check_is(port, "p");

        port_id_split(STR_LIT("n#p#q"), &node, &port);
        check_is(node, "n");
        check_is(port, "p#q");

        port_id_split(STR_LIT("n"), &node, &port);
        check_is(node, "n");
        check_is(port, "");

        port_id_split(STR_LIT("n#"), &node, &port);
        check_is(node, "n");
        check_is(port, "");

        port_id_split(STR_LIT("#p"), &node, &port);
        check_is(node, "");
        check_is(port, "p");

        port_id_split(STR_NULL, &node, &port);
        check_is(node, "");
        check_is(port, "");
}

TEST(port_id) {
        check(port_id_is_valid(STR_LIT("n#p")));
        check(port_id_is_valid(STR_LIT("n")));
        check(port_id_is_valid(STR_LIT("n#")));
        check(!port_id_is_valid(STR_LIT("")));
        check(!port_id_is_valid(STR_LIT("#p")));
        check(!port_id_is_valid(STR_LIT("n,m#p")));
        check(!port_id_is_valid(STR_LIT("n#p\n")));
}

TEST(utf8_validity) {
        static const char *const good[] = {
                "",
                "a",
                "\x7f",
                "\xc2\x80",
                "\xdf\xbf",
                "\xe0\xa0\x80",
                "\xed\x9f\xbf",
                "\xee\x80\x80",
                "\xef\xbf\xbf",
                "\xf0\x90\x80\x80",
                "\xf4\x8f\xbf\xbf",
                "0123456789abcdef\xc3\xa4",
                "01234567\xe2\x82\xac 1234567",
        };
        static const char *const bad[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xc2",
                "\xc2\x41",
                "\xe0\x9f\xbf",
                "\xe0\xa0",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xf0\x90\x80",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xfe",
                "\xff",
                "0123456789abcdef\xc3",
                "01234567\xff 1234567",
        };

        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
                check(utf8_is_valid(str_from(good[i])));
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                check(!utf8_is_valid(str_from(bad[i])));
        check(utf8_is_valid(STR_LIT("a\0b")));
}

/* All of Unicode goes through and back, and nothing else does. */
TEST(utf8_every_character) {
        for (uint32_t c = 0; c < 0x120000; c++) {
                bool scalar = c < 0x110000 && (c < 0xd800 || c > 0xdfff), valid;
                uint8_t text[UTF8_MAX];
                size_t n = utf8_encode(text, c);

                check_int(utf8_is_valid((Str){(char *) text, n}), ==, scalar);
                if (scalar)
                        check_int(utf8_step(text, text + n, &valid), ==, n);
        }
}

static void check_repaired(Str s, Str expected, int line) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        utf8_put(&buf, s);
        test_check_mem(__FILE__, line, buf.data, buf.len, expected.p, expected.n);
        check_int(utf8_repaired_len(s), ==, expected.n);
        check(utf8_is_valid(buf_str(&buf)));
}

#define R UTF8_REPLACEMENT

/* One U+FFFD for the longest start of a character, as Unicode recommends and Python does. */
TEST(utf8_repair) {
        check_repaired(STR_LIT(""), STR_LIT(""), __LINE__);
        check_repaired(STR_LIT("a\0\xc3\xa4"), STR_LIT("a\0\xc3\xa4"), __LINE__);
        check_repaired(STR_LIT("\xff"), STR_LIT(R), __LINE__);
        check_repaired(STR_LIT("a\xc3(b"), STR_LIT("a" R "(b"), __LINE__);
        check_repaired(STR_LIT("\xe2\x82"), STR_LIT(R), __LINE__);
        check_repaired(STR_LIT("\xe2\x82z"), STR_LIT(R "z"), __LINE__);
        check_repaired(STR_LIT("\xed\xa0\x80"), STR_LIT(R R R), __LINE__);
        check_repaired(STR_LIT("\xf0\x9f\x98\xf0\x9f\x98\x80"), STR_LIT(R "\xf0\x9f\x98\x80"), __LINE__);
        check_repaired(STR_LIT("\xc0\xaf\xe0\x80\xbf"), STR_LIT(R R R R R), __LINE__);
}
