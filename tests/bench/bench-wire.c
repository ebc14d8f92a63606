/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a message costs on its way through, system calls aside
 *
 * A stream of messages in chunks as read() gives them: find each, read where it goes, append it to a queue;
 * the queue is emptied after each chunk. Beside it memcpy() of the same octets, which no relay beats.
 * Medians, in ns.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wire/frame.h"
#include "wire/json.h"
#include "wire/msg.h"

#define CHUNK ((size_t) 64 * 1024)
#define CHUNKS ((size_t) 64)
#define ROUNDS 15
#define MAX ((size_t) 16 * 1024 * 1024)

static double now_ns(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}

static void die(const char *what) {
        (void) fprintf(stderr, "%s\n", what);
        exit(EXIT_FAILURE);
}

/* Messages of a port name, a tag, two numbers and a string, until the stream is full; the last is cut. */
static void fill(Buf *stream, Framing framing, size_t content) {
        _cleanup_buf_ Buf message = BUF_INIT, text = BUF_INIT;
        char *octets = malloc(content);

        memset(octets, 'x', content);
        cbor_put_array(&message, 5);
        cbor_put_text(&message, STR_LIT("aB3.7.2f"));
        cbor_put_text(&message, STR_LIT("ping"));
        cbor_put_uint(&message, 1000);
        cbor_put_double(&message, 0.5);
        cbor_put_text(&message, (Str){octets, content});
        if (json_from_cbor(message.data, message.len, &text) < 0)
                die("out of memory");

        while (stream->len < CHUNK * CHUNKS)
                buf_put_str(stream, buf_str(framing == FRAMING_CBOR ? &message : &text));
        stream->len = CHUNK * CHUNKS;
        free(octets);
}

/* Relays the stream; returns how many messages. */
static size_t relay(FrameReader *reader, const Buf *stream) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Queue queue = QUEUE_INIT;
        size_t messages = 0;

        for (size_t at = 0; at < stream->len; at += CHUNK) {
                const uint8_t *p = stream->data + at;
                size_t n = CHUNK;
                Frame frame;
                Msg msg;
                int r;

                while ((r = frame_reader_next(reader, &p, &n, &frame)) > 0) {
                        if (msg_parse(&msg, frame.p, frame.len, &scratch) <= 0)
                                die("no message");
                        if (msg_queue(&queue, msg.to, msg.n, msg.tail, msg.tail_len) < 0)
                                die("out of memory");
                        messages++;
                }
                if (r < 0)
                        die("malformed stream");
                queue_consume(&queue, queue.len);
        }

        return messages;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

static double median(double *v) {
        qsort(v, ROUNDS, sizeof(*v), compare);
        return v[ROUNDS / 2];
}

static double time_relay(Framing framing, const Buf *stream) {
        double times[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) {
                FrameReader reader;
                double begin;
                size_t messages;

                frame_reader_init(&reader, framing, MAX);
                begin = now_ns();
                messages = relay(&reader, stream);
                times[i] = (now_ns() - begin) / (double) messages;
                frame_reader_deinit(&reader);
        }

        return median(times);
}

/* The same octets, message by message, into a buffer that stays in the cache as a queue does. */
static double time_memcpy(const Buf *stream, size_t len) {
        uint8_t *to = malloc(CHUNK + len);
        double times[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) {
                double begin = now_ns();
                size_t messages = 0, used = 0;

                for (size_t at = 0; at + len <= stream->len; at += len, messages++) {
                        memcpy(to + used, stream->data + at, len);
                        __asm__ volatile("" : : "r"(to + used) : "memory");
                        used = used + len < CHUNK ? used + len : 0;
                }
                times[i] = (now_ns() - begin) / (double) messages;
        }

        free(to);
        return median(times);
}

int main(void) {
        static const size_t contents[] = {64 - 24, 64, 1024, 16 * 1024};

        (void) printf("%10s %10s %10s %10s %10s\n", "content", "message", "cbor", "json", "memcpy");
        for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
                _cleanup_buf_ Buf cbor = BUF_INIT, json = BUF_INIT;
                CborCursor c;
                size_t len;

                fill(&cbor, FRAMING_CBOR, contents[i]);
                fill(&json, FRAMING_JSON, contents[i]);
                c = cbor_cursor(cbor.data, cbor.len);
                if (cbor_skip(&c) < 0)
                        die("malformed message");
                len = (size_t) (c.p - cbor.data);

                (void) printf("%10zu %10zu %10.1f %10.1f %10.1f\n", contents[i], len,
                        time_relay(FRAMING_CBOR, &cbor), time_relay(FRAMING_JSON, &json),
                        time_memcpy(&cbor, len));
        }

        return EXIT_SUCCESS;
}
