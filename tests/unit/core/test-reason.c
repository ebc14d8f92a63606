/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/reason.h"

#include "daemon/core/text.h"
#include "tests/unit/test.h"

TEST(make) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Reason reason = reason_make(&buf, "transport_error", "host2", "gone");

        check_int(reason.n, ==, 3);
        check_mem(reason.data, reason.len, "\x6ftransport_error\x65host2\x64gone", 27);
        reason = reason_make(&buf, "die", NULL, NULL);
        check_int(reason.n, ==, 1);
}

TEST(clean) {
        char text[8];

        check_int(text_clean(text, sizeof(text), STR_LIT("ab\x7f\x01")), ==, 4);
        check_str(text, "ab??");
        /* not cut in the middle of a character */
        check_int(text_clean(text, sizeof(text), STR_LIT("aaaaaa\xc3\xa4")), ==, 6);
        check_str(text, "aaaaaa");
        text_clean(text, sizeof(text), STR_LIT("a\xff"));
        check_str(text, "a?");
        check_int(text_clean(text, 1, STR_LIT("abc")), ==, 0);
}
