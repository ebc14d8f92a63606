/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What fuzz targets share
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, whatever NDEBUG says. */
#define must(expr) \
        do { \
                if (!(expr)) { \
                        (void) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr); \
                        abort(); \
                } \
        } while (0)

/* How octets are cut into chunks: the first one has `first` of them, the others `step`. */
typedef struct Cuts {
        size_t first;
        size_t step;
} Cuts;

/* Takes two octets from the input. */
static inline Cuts cuts_take(const uint8_t **data, size_t *size) {
        Cuts cuts = {1, 1};

        if (*size >= 2) {
                cuts = (Cuts){1 + (size_t) (*data)[0], 1 + (size_t) (*data)[1]};
                *data += 2;
                *size -= 2;
        }
        return cuts;
}

#define CUTS_NONE ((Cuts){SIZE_MAX, SIZE_MAX})

/* Length of the chunk at this place. */
static inline size_t cuts_chunk(Cuts cuts, size_t at, size_t size) {
        size_t n = at == 0 ? cuts.first : cuts.step;

        return n < size - at ? n : size - at;
}

/* All messages of a stream, each with its length before it, and how it ended. */
static inline int read_frames(
        Framing framing, size_t max, const uint8_t *data, size_t size, Cuts cuts, Buf *to) {
        FrameReader reader;
        int r = 0;

        frame_reader_init(&reader, framing, max);
        for (size_t at = 0, n; at < size && r >= 0; at += n) {
                uint8_t *chunk;
                const uint8_t *p;
                size_t left;
                Frame frame;

                n = left = cuts_chunk(cuts, at, size);
                p = chunk = malloc(n); /* of its own, so that leaving it is noticed */
                must(chunk);
                memcpy(chunk, data + at, n);
                while ((r = frame_reader_next(&reader, &p, &left, &frame)) > 0) {
                        buf_put(to, &frame.len, sizeof(frame.len));
                        buf_putc(to, frame.odd);
                        buf_put(to, frame.p, frame.len);
                }
                must(r < 0 || left == 0);
                must(frame_reader_is_partial(&reader) || r < 0 ||
                        (!reader.partial.data && !reader.converted.data));
                free(chunk);
        }

        frame_reader_deinit(&reader);
        return r;
}

static inline bool buf_equal(const Buf *a, const Buf *b) {
        return str_equal(buf_str(a), buf_str(b));
}

/* The chunks make no difference. */
static inline void fuzz_frames(Framing framing, size_t max, const uint8_t *data, size_t size, Cuts cuts) {
        _cleanup_buf_ Buf whole = BUF_INIT, pieces = BUF_INIT;
        int r;

        r = read_frames(framing, max, data, size, CUTS_NONE, &whole);
        must(read_frames(framing, max, data, size, cuts, &pieces) == r);
        must(buf_equal(&whole, &pieces));
}
