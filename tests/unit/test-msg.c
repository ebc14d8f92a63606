/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/msg.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"

static int parse(const char *text, Hex *hex, Msg *ret, Buf *scratch) {
        bool odd;
        size_t len;

        hex_init(hex, text);
        check_int(cbor_check(hex->p, hex->n, SIZE_MAX, &len, &odd), ==, 0);
        check_int(len, ==, hex->n);
        return msg_parse(ret, hex->p, hex->n, scratch);
}

static void check_msg(const char *text, Str to, uint64_t n, const char *tail, int line) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Msg msg;
        Hex hex;

        check_int(parse(text, &hex, &msg, &scratch), ==, 1);
        test_check_mem(__FILE__, line, msg.to.p, msg.to.n, to.p, to.n);
        check_int(msg.n, ==, n);
        check_hex(((Str){(const char *) msg.tail, msg.tail_len}), tail);
        check(!msg.odd);
}

TEST(parses) {
        check_msg("81 40", STR_LIT(""), 0, "", __LINE__);
        check_msg("81 60", STR_LIT(""), 0, "", __LINE__);
        check_msg("83 4161 6162 00", STR_LIT("a"), 2, "6162 00", __LINE__);
        check_msg("83 6161 6162 a100f6", STR_LIT("a"), 2, "6162 a100f6", __LINE__);
        check_msg("9803 6161 00 00", STR_LIT("a"), 2, "00 00", __LINE__);
        check_msg("82 780161 00", STR_LIT("a"), 1, "00", __LINE__);
}

TEST(first_element_in_any_form) {
        check_msg("82 f6 00", STR_LIT(""), 1, "00", __LINE__);
        check_msg("82 f7 00", STR_LIT(""), 1, "00", __LINE__);
        check_msg("82 41e4 00", STR_LIT("\xc3\xa4"), 1, "00", __LINE__);
        check_msg("82 62c3a4 00", STR_LIT("\xc3\xa4"), 1, "00", __LINE__);
        check_msg("82 5f41614162ff 00", STR_LIT("ab"), 1, "00", __LINE__);
        check_msg("82 7f61616162ff 00", STR_LIT("ab"), 1, "00", __LINE__);
        check_msg("82 07 00", STR_LIT("7"), 1, "00", __LINE__);
        check_msg("82 26 00", STR_LIT("-7"), 1, "00", __LINE__);
        check_msg("82 f93e00 00", STR_LIT("1.5"), 1, "00", __LINE__);
        check_msg("82 c1d9d9f76161 00", STR_LIT("a"), 1, "00", __LINE__);
        check_msg("81 5818 414141414141414141414141414141414141414141414141",
                STR_LIT("AAAAAAAAAAAAAAAAAAAAAAAA"), 0, "", __LINE__);
        check_msg("81 57 4141414141414141414141414141414141414141414141", STR_LIT("AAAAAAAAAAAAAAAAAAAAAAA"),
                0, "", __LINE__);
}

TEST(indefinite_arrays) {
        check_msg("9f 6161 ff", STR_LIT("a"), 0, "", __LINE__);
        check_msg("9f 6161 00 9f00ff 7f6161ff ff", STR_LIT("a"), 3, "00 9f00ff 7f6161ff", __LINE__);
        check_msg("9f 5f41614162ff c100 ff", STR_LIT("ab"), 1, "c100", __LINE__);
}

TEST(nothing_to_do) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Msg msg;
        Hex hex;

        check_int(parse("80", &hex, &msg, &scratch), ==, 0);
        check_int(parse("9800", &hex, &msg, &scratch), ==, 0);
        check_int(parse("9fff", &hex, &msg, &scratch), ==, 0);
}

TEST(no_message) {
        static const char *const none[] = {
                "00",
                "6161",
                "a0",
                "a1616100",
                "f6",
                "c1816161",
                "d9d9f7816161",
                "8180",
                "81a0",
                "81f4",
                "81e0",
                "9f80ff",
                "81f97e00",
        };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
                _cleanup_buf_ Buf scratch = BUF_INIT;
                Msg msg = {.n = 99};
                Hex hex;

                check_int(parse(none[i], &hex, &msg, &scratch), ==, -EBADMSG);
                check_int(msg.n, ==, 99);
        }
}

/* Not for use on octets that were not checked, yet it stays within them. */
TEST(unchecked_octets) {
        static const char *const items[] = {
                "81", "8165 61", "8145 61", "8178", "9f", "9f6161", "9f61611c", "816261"};
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Msg msg;
        Hex hex;

        for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                hex_init(&hex, items[i]);
                check_int(msg_parse(&msg, hex.p, hex.n, &scratch), <=, 1);
        }
        hex_init(&hex, "8165 61");
        check_int(msg_parse(&msg, hex.p, hex.n, &scratch), ==, -EBADMSG);
        hex_init(&hex, "80 60");
        check_int(msg_parse(&msg, hex.p, hex.n, &scratch), ==, 0);
        check_int(msg_parse(&msg, NULL, 0, &scratch), ==, -EBADMSG);
}

TEST(not_enough_memory) {
        Buf scratch = {.error = -ENOMEM};
        Msg msg;
        Hex hex;

        check_int(parse("8141e4", &hex, &msg, &scratch), ==, -ENOMEM);
        check_int(parse("814161", &hex, &msg, &scratch), ==, 1);
}

TEST(cursor_reads_the_tail) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        CborCursor c;
        uint64_t v;
        Msg msg;
        Hex hex;

        check_int(parse("82 6161 1903e8", &hex, &msg, &scratch), ==, 1);
        c = msg_cursor(&msg);
        check_int(cbor_read_uint(&c, &v), ==, 0);
        check_int(v, ==, 1000);
        check_int(cbor_peek(&c), ==, CBOR_END);

        check_int(parse("81 6161", &hex, &msg, &scratch), ==, 1);
        c = msg_cursor(&msg);
        check_int(cbor_peek(&c), ==, CBOR_END);
}

TEST(writes) {
        uint8_t out[64];
        size_t n;

        n = msg_write(out, STR_LIT("a"), 1, (const uint8_t *) "\xf6", 1);
        check_hex(((Str){(char *) out, n}), "82 6161 f6");
        n = msg_write(out, STR_NULL, 0, NULL, 0);
        check_hex(((Str){(char *) out, n}), "81 60");
        n = msg_write(out, STR_LIT("a"), 23, NULL, 0);
        check_hex(((Str){(char *) out, n}), "9818 6161");
}

/* Room is reserved by msg_size_max(): whatever is written fits in there. */
TEST(size_max_holds) {
        static const size_t lens[] = {0, 1, 23, 24, 255, 256, 65535, 65536};
        static const uint64_t counts[] = {
                0, 22, 23, 254, 255, 65534, 65535, UINT32_MAX - 1, UINT32_MAX, UINT64_MAX - 1};
        char *text = calloc(1, 65536);

        for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
                for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
                        Str to = {text, lens[i]};
                        size_t max = msg_size_max(to, 10), n;
                        uint8_t *out = malloc(max);

                        n = msg_write(out, to, counts[k], (uint8_t *) text, 10);
                        check_int(n, <=, max);
                        check_int(n, >=, lens[i] + 12);
                        free(out);
                }

        free(text);
}

TEST(queues) {
        Queue queue = QUEUE_INIT;
        struct iovec iov[4];
        uint8_t *tail = calloc(1, 100 * 1000);

        check_int(msg_queue(&queue, STR_LIT("a"), 1, (const uint8_t *) "\xf6", 1), ==, 0);
        check_int(msg_queue(&queue, STR_LIT("bc"), 0, NULL, 0), ==, 0);
        check_int(queue_iov(&queue, iov, 4), ==, 1);
        check_hex(((Str){iov[0].iov_base, iov[0].iov_len}), "82 6161 f6 81 626263");

        check_int(msg_queue(&queue, STR_LIT("d"), 100 * 1000, tail, 100 * 1000), ==, 0);
        check_int(queue_iov(&queue, iov, 4), ==, 2);
        check_int(iov[1].iov_len, ==, 100 * 1000 + 5 + 2);
        check_int(queue.len, ==, iov[0].iov_len + iov[1].iov_len);

        check_int(msg_queue(&queue, STR_LIT("d"), 1, tail, PTRDIFF_MAX), ==, -ENOMEM);
        check_int(queue.len, ==, iov[0].iov_len + iov[1].iov_len);
        queue_deinit(&queue);
        free(tail);
}

/* What was queued parses to the same. */
TEST(round_trip) {
        srandom(5);
        for (int i = 0; i < 10000; i++) {
                _cleanup_buf_ Buf tail = BUF_INIT, scratch = BUF_INIT;
                uint64_t n = (uint64_t) random() % 40;
                Queue queue = QUEUE_INIT;
                char name[300];
                struct iovec iov;
                bool odd;
                size_t len;
                Str to;
                Msg msg;

                memset(name, 'p', sizeof(name));
                to = (Str){name, (size_t) random() % sizeof(name)};
                for (uint64_t k = 0; k < n; k++)
                        cbor_put_uint(&tail, (uint64_t) random() >> random() % 31);

                check_int(msg_queue(&queue, to, n, tail.data, tail.len), ==, 0);
                check_int(queue_iov(&queue, &iov, 1), ==, 1);
                check_int(cbor_check(iov.iov_base, iov.iov_len, SIZE_MAX, &len, &odd), ==, 0);
                check_int(len, ==, iov.iov_len);
                check_int(msg_parse(&msg, iov.iov_base, iov.iov_len, &scratch), ==, 1);
                check(str_equal(msg.to, to));
                check_int(msg.n, ==, n);
                check_mem(msg.tail, msg.tail_len, tail.data, tail.len);
                queue_deinit(&queue);
        }
}
