/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Messages out of a stream
 *
 * A chunk is scanned in place, with the scanner's state on the stack. Only when the octets run out within a
 * message are both kept: what came of the message, and how far it was scanned, so that no octet is looked at
 * twice however small the chunks are. A complete message is followed by "no partial one" until the next
 * call, which also is when the memory goes: so what was handed out lives as long as promised, and an idle
 * reader has nothing.
 */

#include "wire/frame.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "wire/cbor.h"
#include "wire/json.h"

/* Memory for partial messages that is kept while more of them come. */
#define FRAME_KEEP_MAX (64 * 1024)

typedef struct FrameScan FrameScan;

struct FrameScan {
        union {
                CborScan cbor;
                JsonSplit json;
        };
};

static const char *const framing_names[_FRAMING_MAX] = {
        [FRAMING_CBOR] = "cbor",
        [FRAMING_JSON] = "json",
};

const char *framing_to_string(Framing framing) {
        assert(framing >= 0 && framing < _FRAMING_MAX);

        return framing_names[framing];
}

Framing framing_from_string(Str s) {
        for (Framing framing = 0; framing < _FRAMING_MAX; framing++)
                if (str_is(s, framing_names[framing]))
                        return framing;

        return _FRAMING_INVALID;
}

void frame_reader_init(FrameReader *reader, Framing framing, size_t max) {
        *reader = (FrameReader){.framing = framing, .max = max, .max_text = max};
}

void frame_reader_deinit(FrameReader *reader) {
        free(reader->scan);
        buf_deinit(&reader->partial);
        buf_deinit(&reader->converted);
        *reader = (FrameReader){0};
}

bool frame_reader_is_partial(const FrameReader *reader) {
        return !!reader->scan;
}

/* Forgets the message that was handed out before. */
static void forget(Buf *buf) {
        if (buf->cap > FRAME_KEEP_MAX)
                buf_deinit(buf);
        else if (buf->len > 0)
                buf_reset(buf);
}

static void advance(const uint8_t **p, size_t *n, size_t used) {
        *p += used;
        *n -= used;
}

/* The octets ran out within a message. */
static int keep(FrameReader *reader, const FrameScan *scan, const uint8_t **p, size_t *n) {
        if (!reader->scan) {
                reader->scan = malloc(sizeof(FrameScan));
                if (!reader->scan)
                        return -ENOMEM;

                if (reader->framing == FRAMING_CBOR)
                        memcpy(reader->scan, scan,
                                offsetof(CborScan, left) + scan->cbor.depth * sizeof(uint64_t));
                else
                        reader->scan->json = scan->json;
        }

        buf_put(&reader->partial, *p, *n);
        advance(p, n, *n);
        return buf_error(&reader->partial);
}

/* The octets of a message that ends after `used` more octets, in one piece. */
static int complete(FrameReader *reader, const uint8_t **p, size_t *n, size_t used, Str *ret) {
        *ret = (Str){(const char *) *p, used};

        if (reader->scan) {
                buf_put(&reader->partial, *p, used);
                if (buf_error(&reader->partial) < 0)
                        return buf_error(&reader->partial);

                *ret = buf_str(&reader->partial);
                free(reader->scan);
                reader->scan = NULL;
        }

        advance(p, n, used);
        return 0;
}

static int convert(FrameReader *reader, Str text, Frame *ret) {
        int r;

        r = json_to_cbor((const uint8_t *) text.p, text.n, &reader->converted);
        if (r < 0)
                return r;
        /* Some JSON is shorter than its CBOR. What goes on from here has to fit everywhere. */
        if (reader->converted.len > reader->max)
                return -EMSGSIZE;

        *ret = (Frame){.p = reader->converted.data, .len = reader->converted.len};
        return 1;
}

static int next_cbor(FrameReader *reader, const uint8_t **p, size_t *n, Frame *ret) {
        FrameScan fresh, *scan = reader->scan;
        size_t used;
        bool odd;
        Str whole;
        int r;

        if (!scan) {
                scan = &fresh;
                cbor_scan_init(&scan->cbor, reader->max);
        }

        r = cbor_scan(&scan->cbor, *p, *n, &used);
        if (r < 0)
                return r;
        if (r == 0)
                return keep(reader, scan, p, n);

        if (!reader->scan) {
                *ret = (Frame){.p = *p, .len = used, .odd = scan->cbor.odd};
                advance(p, n, used);
                return 1;
        }

        odd = scan->cbor.odd;
        r = complete(reader, p, n, used, &whole);
        if (r < 0)
                return r;

        *ret = (Frame){.p = (const uint8_t *) whole.p, .len = whole.n, .odd = odd};
        return 1;
}

static int next_json(FrameReader *reader, const uint8_t **p, size_t *n, Frame *ret) {
        FrameScan fresh, *scan = reader->scan;
        size_t used;
        Str whole;
        int r;

        if (!scan) {
                scan = &fresh;
                json_split_init(&scan->json, reader->max_text);
        }

        r = json_split(&scan->json, *p, *n, &used);
        if (r < 0)
                return r;
        if (r == 0 && scan->json.depth == 0) {
                advance(p, n, *n); /* white space between messages */
                return 0;
        }
        if (r == 0)
                return keep(reader, scan, p, n);

        r = complete(reader, p, n, used, &whole);
        if (r < 0)
                return r;

        return convert(reader, whole, ret);
}

int frame_reader_next(FrameReader *reader, const uint8_t **p, size_t *n, Frame *ret) {
        int r = 0;

        if (!reader->scan) {
                forget(&reader->partial);
                forget(&reader->converted);
        }

        if (*n > 0)
                r = reader->framing == FRAMING_CBOR ? next_cbor(reader, p, n, ret)
                                                    : next_json(reader, p, n, ret);

        if (r == 0 && !reader->scan) {
                buf_deinit(&reader->partial);
                buf_deinit(&reader->converted);
        }

        return r;
}
