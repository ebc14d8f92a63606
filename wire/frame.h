/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Messages out of a stream
 *
 * Takes octets as they come and gives whole, checked messages, always in CBOR. A message that lies within
 * one chunk is handed out in place; only the cut one at the end of a chunk is kept, and only then the reader
 * owns memory.
 */

#include <stdbool.h>

#include "wire/buf.h"

typedef enum Framing {
        FRAMING_CBOR,
        FRAMING_JSON,
        _FRAMING_MAX,
        _FRAMING_INVALID = -1,
} Framing;

/* "cbor", "json". */
const char *framing_to_string(Framing framing);
Framing framing_from_string(Str s);

typedef struct FrameReader {
        Framing framing;
        size_t max;             /* largest message, in octets of CBOR */
        size_t max_text;        /* largest JSON text; as `max` unless it is set after frame_reader_init() */
        Buf partial;            /* what came of a message that is not complete */
        struct FrameScan *scan; /* and how far it was scanned; NULL when there is none */
        Buf converted;          /* CBOR of a JSON message */
} FrameReader;

typedef struct Frame {
        const uint8_t *p; /* one checked CBOR item; valid until the next call of frame_reader_next() */
        size_t len;
        bool odd; /* as CborScan.odd */
} Frame;

/* What a message of so many octets of CBOR takes as JSON at most: a control character is \u0001, and one in
 * a key that was an array is that in a string in a string. */
#define FRAME_TEXT_MAX(max) (8 * (max))

void frame_reader_init(FrameReader *reader, Framing framing, size_t max);
void frame_reader_deinit(FrameReader *reader);

/* Takes from *p, *n, which move on. 1: *ret is the next message; 0: nothing more in there, *n is 0 and the
 * rest is kept; -EBADMSG, -ELOOP, -EMSGSIZE: the stream can't go on; -ENOMEM. */
int frame_reader_next(FrameReader *reader, const uint8_t **p, size_t *n, Frame *ret);

/* A message was begun and is not complete. */
bool frame_reader_is_partial(const FrameReader *reader);
