/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/buf.h"

#include <errno.h>

#include "tests/unit/test.h"

TEST(starts_empty) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        check_int(buf.len, ==, 0);
        check_int(buf_error(&buf), ==, 0);
        check_is(buf_str(&buf), "");
        buf_put(&buf, NULL, 0);
        check(!buf.data);
}

TEST(appends) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        buf_put(&buf, "abc", 3);
        buf_put_str(&buf, STR_LIT("d\0e"));
        buf_putc(&buf, 0xff);
        buf_printf(&buf, "%d,%s", 12, "x");
        buf_put_str(&buf, STR_NULL);
        check_is(buf_str(&buf),
                "abcd\0e\xff"
                "12,x");
}

TEST(extend_counts_as_appended) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        uint8_t *room;

        buf_put(&buf, "ab", 2);
        room = buf_extend(&buf, 100000);
        check(room == buf.data + 2);
        memset(room, 'x', 100000);
        check_int(buf.len, ==, 100002);
        check_int(buf.data[0], ==, 'a');
        check(buf_extend(&buf, 0));
}

TEST(octet_by_octet_is_linear) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        unsigned grown = 0;
        size_t cap = 0;

        for (int i = 0; i < 10 * 1000 * 1000; i++) {
                buf_putc(&buf, (uint8_t) i);
                grown += buf.cap != cap;
                cap = buf.cap;
        }

        check_int(buf.len, ==, 10 * 1000 * 1000);
        check_int(buf.data[1234567], ==, 1234567 & 0xff);
        check_int(grown, <, 30);
}

TEST(error_is_sticky) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        buf_put(&buf, "abc", 3);
        check(!buf_extend(&buf, SIZE_MAX));
        check_int(buf_error(&buf), ==, -ENOMEM);
        check(!buf_extend(&buf, 1));
        check(!buf_extend_stable(&buf, 1));
        buf_putc(&buf, 'd');
        buf_printf(&buf, "e");
        check_is(buf_str(&buf), "abc");

        buf_reset(&buf);
        check_int(buf_error(&buf), ==, 0);
        buf_putc(&buf, 'd');
        check_is(buf_str(&buf), "d");
}

TEST(stable_error_is_sticky) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        buf_put(&buf, "abc", 3);
        check(!buf_extend_stable(&buf, PTRDIFF_MAX));
        check_int(buf_error(&buf), ==, -ENOMEM);
        check_is(buf_str(&buf), "abc");
}

TEST(reset_keeps_memory) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        size_t cap;

        check(buf_extend(&buf, 1000));
        cap = buf.cap;
        buf_reset(&buf);
        check_int(buf.len, ==, 0);
        check_int(buf.cap, ==, cap);
}

TEST(consume) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        buf_put(&buf, "abcdef", 6);
        buf_consume(&buf, 2);
        check_is(buf_str(&buf), "cdef");
        buf_consume(&buf, 0);
        buf_consume(&buf, 4);
        check_is(buf_str(&buf), "");
        buf_consume(&buf, 0);
}

TEST(stable_leaves_what_was_handed_out) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        uint8_t *pieces[1000];

        for (int i = 0; i < 1000; i++) {
                pieces[i] = buf_extend_stable(&buf, 7);
                memset(pieces[i], i & 0xff, 7);
        }

        for (int i = 0; i < 1000; i++) {
                check_int(pieces[i][0], ==, i & 0xff);
                check_int(pieces[i][6], ==, i & 0xff);
                check_int(buf.data[i * 7], ==, i & 0xff);
        }

        check_int(buf.len, ==, 7000);
        check(buf.kept);
        buf_reset(&buf);
        check(!buf.kept);
}
