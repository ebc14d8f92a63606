/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/line.h"

#include <errno.h>

#include "tests/unit/test.h"

TEST(lines) {
        const uint8_t *p = (const uint8_t *) "one\ntwo\r\n\nrest";
        LineReader reader;
        size_t n = 14;
        Str line;

        line_reader_init(&reader);
        check_int(line_read(&reader, &p, &n, &line), ==, 1);
        check_is(line, "one");
        check_int(line_read(&reader, &p, &n, &line), ==, 1);
        check_is(line, "two");
        check_int(line_read(&reader, &p, &n, &line), ==, 1);
        check_is(line, "");
        check_mem(p, n, "rest", 4);
        check_int(line_read(&reader, &p, &n, &line), ==, 0);
        check_int(n, ==, 0);
}

TEST(octet_by_octet) {
        const char *text = "a longer line\r\n";
        LineReader reader;
        Str line;

        line_reader_init(&reader);
        for (size_t i = 0; text[i]; i++) {
                const uint8_t *p = (const uint8_t *) text + i;
                size_t n = 1;

                check_int(line_read(&reader, &p, &n, &line), ==, text[i + 1] ? 0 : 1);
        }
        check_is(line, "a longer line");
}

/* 4096 octets with the end are fine, 4097 are not, in one piece or several. */
static int line_of(size_t len, size_t first, Str *ret) {
        static LineReader reader;
        static uint8_t octets[LINE_MAX_LEN + 10];
        const uint8_t *p = octets;
        size_t n = first, left = len - first;
        int r;

        memset(octets, 'x', sizeof(octets));
        octets[len - 1] = '\n';
        line_reader_init(&reader);
        r = line_read(&reader, &p, &n, ret);
        return r == 0 && left > 0 ? line_read(&reader, &p, &left, ret) : r;
}

TEST(longest) {
        Str line;

        for (size_t first = 1; first <= LINE_MAX_LEN; first += 63) {
                check_int(line_of(LINE_MAX_LEN, first, &line), ==, 1);
                check_int(line.n, ==, LINE_MAX_LEN - 1);
                check_int(line_of(LINE_MAX_LEN + 1, first, &line), ==, -EMSGSIZE);
        }
}

TEST(without_end) {
        uint8_t octets[LINE_MAX_LEN];
        const uint8_t *p = octets;
        size_t n = LINE_MAX_LEN;
        LineReader reader;
        Str line;

        /* refused as soon as no end can make it legal */
        memset(octets, 'x', sizeof(octets));
        line_reader_init(&reader);
        check_int(line_read(&reader, &p, &n, &line), ==, -EMSGSIZE);
}
