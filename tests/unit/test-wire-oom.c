/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Messages without memory: read and written as they are, or -ENOMEM. A message is never half of one.
 */

#include <errno.h>

#include "tests/unit/oom.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"
#include "wire/frame.h"
#include "wire/json.h"
#include "wire/msg.h"
#include "wire/value.h"

static const char *const texts[] = {
        "[\"a\",\"\\u00e4\\n\",1.25,-0."
        "0000000000000000000000000000000000000000000000000000000000000000000125]",
        "[\"c\",0,1,2,3,4,5,6,7,8,\"ninety octets or so, that is more than what a buffer begins with, and "
        "it has to "
        "grow\"]",
        "[\"b\",{\"k\":[null,true,{}],\"l\":-1}]",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

static void tell(void (*story)(void *userdata)) {
        check_int(oom_tell(story, NULL, OOM_ONE), >=, oom_works() ? 3 : 0);
        check_int(oom_tell(story, NULL, OOM_ALL), >=, oom_works() ? 3 : 0);
}

static bool ok(int r) {
        if (r < 0)
                check_int(r, ==, -ENOMEM);
        return r >= 0;
}

/* --- one item ---------------------------------------------------------------------------------------- */

static void transcode(void *userdata) {
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                _cleanup_buf_ Buf cbor = BUF_INIT, json = BUF_INIT, again = BUF_INIT;
                int r = 0;

                oom_within(r = json_to_cbor((const uint8_t *) texts[i], strlen(texts[i]), &cbor));
                if (!ok(r))
                        continue;
                oom_within(r = json_from_cbor(cbor.data, cbor.len, &json));
                if (!ok(r))
                        continue;
                check_int(json_to_cbor(json.data, json.len, &again), ==, 0);
                check_mem(again.data, again.len, cbor.data, cbor.len);
        }
}

TEST(json_and_back) {
        tell(transcode);
}

static void values(void *userdata) {
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                _cleanup_buf_ Buf cbor = BUF_INIT, back = BUF_INIT;
                json_t *value = NULL;
                CborCursor c;
                int r = 0;

                check_int(json_to_cbor((const uint8_t *) texts[i], strlen(texts[i]), &cbor), ==, 0);
                c = cbor_cursor(cbor.data, cbor.len);
                oom_within(r = value_from_cbor(&c, &value));
                if (!ok(r))
                        continue;
                oom_within(r = value_to_cbor(value, &back));
                json_decref(value);
                if (ok(r))
                        check_mem(back.data, back.len, cbor.data, cbor.len);
        }
}

TEST(values_and_back) {
        tell(values);
}

/* Strings in pieces, of octets, that are no UTF-8, and numbers that take the place of one. */
static void odd_values(void *userdata) {
        static const uint8_t odd[] = {0x87, 0x5f, 0x41, 0xe4, 0x41, 'a', 0xff, 0x62, 0xff, 'b', 0x41, 0xe4,
                0xa2, 0x41, 0xe4, 0x00, 0x81, 0x07, 0x01, 0xfb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99,
                0x9a, 0x07, 0xc2, 0x41, 0x01};
        static const char expected[] = "[\"\xc3\xa4"
                                       "a\",\"\xef\xbf\xbd"
                                       "b\",\"\xc3\xa4\",{\"\xc3\xa4\":0,\"[7]\":1},0.1,7,\"\\u0001\"]";
        _cleanup_buf_ Buf json = BUF_INIT, clean = BUF_INIT;
        json_t *value = NULL;
        CborCursor c = cbor_cursor(odd, sizeof(odd));
        int r = 0;

        oom_within(r = json_from_cbor(odd, sizeof(odd), &json));
        if (ok(r))
                check_is(buf_str(&json), expected);
        oom_within(r = value_from_cbor(&c, &value));
        if (ok(r)) {
                check_int(json_array_size(value), ==, 7);
                json_decref(value);
        }
        oom_within(cbor_clean(&clean, odd, sizeof(odd)));
        if (ok(buf_error(&clean)))
                check_mem(clean.data, clean.len, odd, sizeof(odd));
}

TEST(odd_values_of_peers) {
        tell(odd_values);
}

static void numbers(void *userdata) {
        static const char text[] = "\x78\x40"
                                   "0.00000000000000000000000000000000000000000000000000000000000025";
        CborCursor c = cbor_cursor((const uint8_t *) text, 66);
        double v = 7;
        int r = 0;

        oom_within(r = cbor_read_double(&c, &v));
        if (ok(r))
                check(v > 0 && v < 1e-50);
        else
                check(v == 7 && c.p == (const uint8_t *) text);
}

TEST(a_number_as_text) {
        check_int(oom_tell(numbers, NULL, OOM_ONE), >=, oom_works() ? 1 : 0);
}

/* --- streams ----------------------------------------------------------------------------------------- */

/* All messages, in pieces of that size: in order, the same as without a reader, until an error ends it. */
static void read_frames(Framing framing, const Buf *stream, size_t piece, const Buf *all) {
        _cleanup_buf_ Buf seen = BUF_INIT;
        FrameReader reader;
        int r = 0;

        frame_reader_init(&reader, framing, 1 << 20);
        for (size_t at = 0; r >= 0 && at < stream->len; at += piece) {
                const uint8_t *p = stream->data + at;
                size_t n = stream->len - at < piece ? stream->len - at : piece;
                Frame frame;

                for (;;) {
                        oom_within(r = frame_reader_next(&reader, &p, &n, &frame));
                        if (r <= 0)
                                break;
                        buf_put(&seen, frame.p, frame.len);
                }
        }
        frame_reader_deinit(&reader);

        check_int(seen.len, <=, all->len);
        if (ok(r))
                check_int(seen.len, ==, all->len);
        check_mem(seen.data, seen.len, all->data, seen.len);
}

static void frames(void *userdata) {
        _cleanup_buf_ Buf cbor = BUF_INIT, json = BUF_INIT;

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                check_int(json_to_cbor((const uint8_t *) texts[i], strlen(texts[i]), &cbor), ==, 0);
                buf_put_str(&json, str_from(texts[i]));
        }

        for (size_t piece = 1; piece < 200; piece += 29) {
                read_frames(FRAMING_CBOR, &cbor, piece, &cbor);
                read_frames(FRAMING_JSON, &json, piece, &cbor);
        }
}

TEST(messages_out_of_a_stream) {
        tell(frames);
}

/* What is queued is queued whole, in order, and what is not is not there. */
static void queues(void *userdata) {
        static const uint8_t tail[3000] = {0x59, 0x0b, 0xb5};
        Queue queue = QUEUE_INIT, behind = QUEUE_INIT;
        _cleanup_buf_ Buf expected = BUF_INIT;
        struct iovec iov;
        size_t at = 0;

        for (int i = 0; i < 60; i++) {
                char to[2] = {(char) ('0' + i), 0};
                uint8_t text[3100];
                int r = 0;

                oom_within(r = msg_queue(i < 30 ? &queue : &behind, str_from(to), 1, tail, sizeof(tail)));
                if (ok(r))
                        buf_put(&expected, text, msg_write(text, str_from(to), 1, tail, sizeof(tail)));
        }
        oom_within(queue_splice(&queue, &behind));

        check_int(queue.len, ==, expected.len);
        while (queue_iov(&queue, &iov, 1) > 0) {
                check_mem(iov.iov_base, iov.iov_len, expected.data + at, iov.iov_len);
                at += iov.iov_len;
                queue_consume(&queue, iov.iov_len);
        }
        check_int(at, ==, expected.len);
        check(!behind.head && !queue.head);
}

TEST(queues_are_whole) {
        tell(queues);
}
