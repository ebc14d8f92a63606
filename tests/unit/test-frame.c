/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"

#define MAX (1024 * 1024)

static bool owns_nothing(const FrameReader *reader) {
        return !reader->scan && !reader->partial.data && !reader->converted.data;
}

/* Puts all frames of the stream, cut into pieces at `cut` and then every `step` octets, in order. */
static int read_all(Framing framing, Str stream, size_t cut, size_t step, Buf *to) {
        FrameReader reader;
        size_t at = 0;
        int r = 0;

        frame_reader_init(&reader, framing, MAX);
        while (at < stream.n && r >= 0) {
                size_t end = at < cut ? cut : at + step, n;
                const uint8_t *p;
                uint8_t *chunk;
                Frame frame;

                if (end > stream.n)
                        end = stream.n;
                n = end - at;
                chunk = malloc(n); /* of its own, and gone afterwards: nothing may point into it then */
                memcpy(chunk, stream.p + at, n);

                p = chunk;
                while ((r = frame_reader_next(&reader, &p, &n, &frame)) > 0) {
                        buf_putc(to, frame.odd);
                        buf_put(to, frame.p, frame.len);
                }
                if (r == 0) {
                        check_int(n, ==, 0);
                        check(p == chunk + (end - at));
                        check(frame_reader_is_partial(&reader) || owns_nothing(&reader));
                }
                free(chunk);
                at = end;
        }

        frame_reader_deinit(&reader);
        return r;
}

static void check_stream(Framing framing, Str stream, Str frames, int expected, int line) {
        for (size_t cut = 0; cut <= stream.n; cut++)
                for (size_t step = 1; step <= 4; step++) {
                        _cleanup_buf_ Buf got = BUF_INIT;

                        check_int(read_all(framing, stream, cut, step < 4 ? step : stream.n, &got), ==,
                                expected);
                        test_check_mem(__FILE__, line, got.data, got.len, frames.p, frames.n);
                }
}

static void check_cbor(const char *stream, const char *frames, int expected, int line) {
        Hex hex, frames_hex;

        hex_init(&hex, stream);
        hex_init(&frames_hex, frames);
        check_stream(FRAMING_CBOR, hex_str(&hex), hex_str(&frames_hex), expected, line);
}

#define CBOR(stream, frames, expected) check_cbor(stream, frames, expected, __LINE__)

static void check_json(Str stream, const char *frames, int expected, int line) {
        Hex frames_hex;

        hex_init(&frames_hex, frames);
        check_stream(FRAMING_JSON, stream, hex_str(&frames_hex), expected, line);
}

#define JSON(stream, frames, expected) check_json(STR_LIT(stream), frames, expected, __LINE__)

TEST(framing_names) {
        check_str(framing_to_string(FRAMING_CBOR), "cbor");
        check_str(framing_to_string(FRAMING_JSON), "json");
        check_int(framing_from_string(STR_LIT("cbor")), ==, FRAMING_CBOR);
        check_int(framing_from_string(STR_LIT("json")), ==, FRAMING_JSON);
        check_int(framing_from_string(STR_LIT("storable")), ==, _FRAMING_INVALID);
        check_int(framing_from_string(STR_LIT("")), ==, _FRAMING_INVALID);
}

TEST(cbor_frames) {
        CBOR("", "", 0);
        CBOR("8100", "00 8100", 0);
        CBOR("8100 80 8201 02", "00 8100 00 80 00 820102", 0);
        CBOR("9f6161ff 8159000161", "00 9f6161ff 00 8159000161", 0);
        CBOR("82a1616101f6 8340476162636465666763313233 00",
                "00 82a1616101f6 00 8340476162636465666763313233 00 00", 0);
        CBOR("81e0 8100 81d81a80", "01 81e0 00 8100 01 81d81a80", 0);
        CBOR("8100 8261", "00 8100", 0); /* the last one is cut off */
}

TEST(cbor_errors) {
        CBOR("8100 ff", "00 8100", -EBADMSG);
        CBOR("1c", "", -EBADMSG);
        CBOR("8100 9a00100000", "00 8100", -EMSGSIZE);
}

TEST(json_frames) {
        JSON("", "", 0);
        JSON(" \n ", "", 0);
        JSON("[0]", "00 8100", 0);
        JSON("[0][]\n[1,2] ", "00 8100 00 80 00 820102", 0);
        JSON("  [\"a]\\\"\"] [0", "00 8163615d22", 0);
        JSON("{\"a\":[1]}[inf]", "00 a161618101 00 81f6", 0);
}

TEST(json_errors) {
        JSON("[0]x", "00 8100", -EBADMSG);
        JSON("[0],[1]", "00 8100", -EBADMSG);
        JSON("[0][1 2]", "00 8100", -EBADMSG);
        JSON("[0][1}", "00 8100", -EBADMSG);
        JSON("null", "", -EBADMSG);
}

/* A message is as large as its CBOR, whatever the text. */
TEST(size_limits) {
        const uint8_t *p;
        FrameReader reader;
        Frame frame;
        size_t n;

        frame_reader_init(&reader, FRAMING_CBOR, 5);
        p = (const uint8_t *) "\x84\x00\x00\x00\x00\x85\x00\x00\x00\x00\x00";
        n = 11;
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, -EMSGSIZE);
        frame_reader_deinit(&reader);

        frame_reader_init(&reader, FRAMING_JSON, 9);
        p = (const uint8_t *) "[0.1,0.1][1,2,3,4,5]";
        n = 20;
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, -EMSGSIZE);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, -EMSGSIZE);
        frame_reader_deinit(&reader);
}

/* What was within the limit as CBOR is not too large because it came as JSON. */
TEST(text_limit) {
        static const char text[] = "[\"\\u0001\\u0001\\u0001\"][\"\\u0001\\u0001\\u0001\\u0001\"]";
        FrameReader reader;
        const uint8_t *p = (const uint8_t *) text;
        size_t n = strlen(text);
        Frame frame;

        frame_reader_init(&reader, FRAMING_JSON, 5);
        reader.max_text = FRAME_TEXT_MAX(5);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_mem(frame.p, frame.len, "\x81\x63\1\1\1", 5);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, -EMSGSIZE);
        frame_reader_deinit(&reader);
}

TEST(frames_are_handed_out_in_place) {
        const uint8_t chunk[] = "\x81\x00\x82\x00\x01\x82\x00", *p = chunk;
        size_t n = sizeof(chunk) - 1;
        FrameReader reader;
        Frame frame;

        frame_reader_init(&reader, FRAMING_CBOR, MAX);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check(frame.p == chunk);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check(frame.p == chunk + 2);
        check(owns_nothing(&reader));

        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 0);
        check(frame_reader_is_partial(&reader));
        check_int(reader.partial.len, ==, 2);

        /* what completes the message is kept, what follows is not */
        p = (const uint8_t *) "\x07\x81\x00\x81";
        n = 4;
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_mem(frame.p, frame.len, "\x82\x00\x07", 3);
        check(!frame_reader_is_partial(&reader));
        check_int(n, ==, 3);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_int(n, ==, 1);
        check(frame.p == p - 2);
        frame_reader_deinit(&reader);
}

TEST(idle_reader_owns_nothing) {
        for (Framing framing = 0; framing < _FRAMING_MAX; framing++) {
                Str stream = framing == FRAMING_CBOR ? STR_LIT("\x82\x00\x01") : STR_LIT("[0,1]\n");
                FrameReader reader;

                frame_reader_init(&reader, framing, MAX);
                check(owns_nothing(&reader));
                for (size_t i = 0; i < 10 * stream.n; i++) {
                        const uint8_t *p = (const uint8_t *) &stream.p[i % stream.n];
                        size_t n = 1;
                        Frame frame;

                        while (frame_reader_next(&reader, &p, &n, &frame) > 0)
                                ;
                        check(frame_reader_is_partial(&reader) != owns_nothing(&reader));
                }
                check(owns_nothing(&reader));
                frame_reader_deinit(&reader);
        }
}

TEST(memory_of_a_large_message_goes) {
        const uint8_t *p;
        FrameReader reader;
        Buf large = BUF_INIT;
        Frame frame;
        size_t n;

        cbor_put_array(&large, 500 * 1000);
        memset(buf_extend(&large, 500 * 1000), 0, 500 * 1000);
        buf_put(&large, "\x81", 1);

        frame_reader_init(&reader, FRAMING_CBOR, MAX);
        p = large.data;
        n = 1000;
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 0);
        n = large.len - 1000;
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_int(frame.len, ==, large.len - 1);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 0);
        check_int(reader.partial.cap, <, 1000);
        frame_reader_deinit(&reader);
        buf_deinit(&large);
}

static double seconds(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

/* CPU time of a stream in pieces. */
static double time_of(Framing framing, Str stream, size_t step) {
        double begin = seconds();
        FrameReader reader;
        unsigned frames = 0;

        frame_reader_init(&reader, framing, 1024 * 1024 * 1024);
        for (size_t at = 0; at < stream.n; at += step) {
                const uint8_t *p = (const uint8_t *) stream.p + at;
                size_t n = stream.n - at < step ? stream.n - at : step;
                Frame frame;
                int r;

                while ((r = frame_reader_next(&reader, &p, &n, &frame)) > 0)
                        frames++;
                check_int(r, ==, 0);
        }
        check_int(frames, ==, 1);
        frame_reader_deinit(&reader);
        return seconds() - begin;
}

static void huge(Buf *to, Framing framing, const char *element, size_t n) {
        size_t len = strlen(element);

        if (framing == FRAMING_CBOR)
                cbor_put_array(to, n / len);
        else
                buf_putc(to, '[');
        for (size_t i = 0; i < n / len; i++)
                buf_put(to, element, len);
        if (framing == FRAMING_JSON)
                buf_put_str(to, STR_LIT("0]"));
}

/* Four times the octets take about four times as long, not sixteen times. */
TEST(huge_messages_are_linear) {
        static const struct {
                Framing framing;
                const char *element;
        } cases[] = {
                {FRAMING_CBOR, "\x41x"},
                {FRAMING_CBOR, "\x81\x01"},
                {FRAMING_JSON, "[],"},
                {FRAMING_JSON, "\"\\n\","},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_buf_ Buf large = BUF_INIT, small = BUF_INIT;

                huge(&small, cases[i].framing, cases[i].element, 4 * 1024 * 1024);
                huge(&large, cases[i].framing, cases[i].element, 16 * 1024 * 1024);
                check(time_of(cases[i].framing, buf_str(&large), 65536) <
                        10 * time_of(cases[i].framing, buf_str(&small), 65536) + 0.05);
        }
}

/* One octet a chunk: still no octet is looked at twice. */
TEST(tiny_chunks_are_linear) {
        _cleanup_buf_ Buf large = BUF_INIT;

        huge(&large, FRAMING_CBOR, "\x81\x01", 4 * 1024 * 1024);
        (void) time_of(FRAMING_CBOR, buf_str(&large), 1);
}
