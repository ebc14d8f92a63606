/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * CBOR to JSON
 *
 * Total: a message must not be lost because JSON can't say something of it. See wire/json.h on what becomes
 * of that.
 */

#include <errno.h>
#include <math.h>

#include "wire/json-lex.h"
#include "wire/json.h"
#include "wire/number.h"
#include "wire/utf8.h"

typedef struct Writer {
        Buf *to;
        Buf scratch;
        unsigned depth;
        bool in_key; /* see json_key_from_cbor() */
} Writer;

static int put_item(Writer *writer, CborCursor *c);

/* Appends what stands for a character that can't be in a string as it is. */
static void put_escape(Buf *to, uint8_t c) {
        static const char shorts[] = "btn.fr"; /* 8 to 13 */
        static const char hex[] = "0123456789abcdef";
        char out[] = "\\u00..";

        if (c >= 0x20) {
                buf_put(to, (char[]){'\\', (char) c}, 2);
        } else if (c >= '\b' && c <= '\r' && c != '\v') {
                buf_put(to, (char[]){'\\', shorts[c - '\b']}, 2);
        } else {
                out[4] = hex[c >> 4];
                out[5] = hex[c & 0xf];
                buf_put(to, out, 6);
        }
}

/* Appends s in quotes, escaped and repaired. */
static void put_string(Buf *to, Str s) {
        const uint8_t *p = (const uint8_t *) (s.p ?: ""), *end = p + s.n, *done = p;

        buf_putc(to, '"');
        while (p < end) {
                bool plain = *p >= 0x20 && *p != '"' && *p != '\\', valid = true;
                size_t n = *p < 0x80 ? 1 : utf8_step(p, end, &valid);

                if (!plain || !valid) {
                        buf_put(to, done, (size_t) (p - done));
                        if (valid)
                                put_escape(to, *p);
                        else
                                buf_put_str(to, STR_LIT(UTF8_REPLACEMENT));
                        done = p + n;
                }
                p += n;
        }
        buf_put(to, done, (size_t) (end - done));
        buf_putc(to, '"');
}

static int skip_tags(CborCursor *c) {
        while (cbor_peek(c) == CBOR_TAG) {
                uint64_t tag;
                int r;

                r = cbor_read_tag(c, &tag);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Takes a string or an integer. */
static int take_str(Writer *writer, CborCursor *c, Str *ret) {
        buf_reset(&writer->scratch);
        return cbor_read_str(c, &writer->scratch, ret);
}

static int put_double(Writer *writer, CborCursor *c) {
        char text[NUMBER_TEXT_MAX];
        double v;
        int r;

        r = cbor_read_double(c, &v);
        if (r < 0)
                return r;

        if (isfinite(v))
                buf_put(writer->to, text, number_write_double(text, v));
        else
                buf_put_str(writer->to, STR_LIT("null"));
        return 0;
}

static int put_key(Writer *writer, CborCursor *c) {
        _cleanup_buf_ Buf key = BUF_INIT;
        CborType type;
        Str s;
        int r;

        r = skip_tags(c);
        if (r < 0)
                return r;

        type = cbor_peek(c);
        if (type == CBOR_TEXT || type == CBOR_BYTES) {
                r = take_str(writer, c, &s);
                if (r >= 0)
                        put_string(writer->to, s);
                return r;
        }

        if (writer->in_key && (type == CBOR_ARRAY || type == CBOR_MAP)) {
                put_string(writer->to, type == CBOR_ARRAY ? STR_LIT("[]") : STR_LIT("{}"));
                return cbor_skip(c);
        }

        r = json_key_from_cbor(c, &key);
        if (r >= 0)
                put_string(writer->to, buf_str(&key));
        return r;
}

/* Is there an element with this index in a level of n? */
static bool more(CborCursor *c, uint64_t n, uint64_t i) {
        return n == CBOR_INDEFINITE ? !cbor_read_end(c) : i < n;
}

static int put_array(Writer *writer, CborCursor *c) {
        uint64_t n;
        int r;

        r = cbor_read_array(c, &n);
        if (r < 0)
                return r;

        buf_putc(writer->to, '[');
        for (uint64_t i = 0; more(c, n, i); i++) {
                if (i > 0)
                        buf_putc(writer->to, ',');
                r = put_item(writer, c);
                if (r < 0)
                        return r;
        }
        buf_putc(writer->to, ']');
        return 0;
}

static int put_map(Writer *writer, CborCursor *c) {
        uint64_t n;
        int r;

        r = cbor_read_map(c, &n);
        if (r < 0)
                return r;

        buf_putc(writer->to, '{');
        for (uint64_t i = 0; more(c, n, i); i++) {
                if (i > 0)
                        buf_putc(writer->to, ',');
                r = put_key(writer, c);
                if (r < 0)
                        return r;
                buf_putc(writer->to, ':');
                r = put_item(writer, c);
                if (r < 0)
                        return r;
        }
        buf_putc(writer->to, '}');
        return 0;
}

static int put_level(Writer *writer, CborCursor *c, bool map) {
        int r;

        if (writer->depth == CBOR_DEPTH_MAX)
                return -ELOOP;

        writer->depth++;
        r = map ? put_map(writer, c) : put_array(writer, c);
        writer->depth--;
        return r;
}

static int put_word(Writer *writer, CborCursor *c, Str word) {
        buf_put_str(writer->to, word);
        return cbor_skip(c);
}

static int put_item(Writer *writer, CborCursor *c) {
        Str s;
        int r;

        r = skip_tags(c);
        if (r < 0)
                return r;

        switch (cbor_peek(c)) {
        case CBOR_UINT:
        case CBOR_NINT:
                r = take_str(writer, c, &s);
                if (r >= 0)
                        buf_put_str(writer->to, s);
                break;
        case CBOR_BYTES:
        case CBOR_TEXT:
                r = take_str(writer, c, &s);
                if (r >= 0)
                        put_string(writer->to, s);
                break;
        case CBOR_DOUBLE:
                r = put_double(writer, c);
                break;
        case CBOR_ARRAY:
                r = put_level(writer, c, /* map= */ false);
                break;
        case CBOR_MAP:
                r = put_level(writer, c, /* map= */ true);
                break;
        case CBOR_FALSE:
                r = put_word(writer, c, STR_LIT("false"));
                break;
        case CBOR_TRUE:
                r = put_word(writer, c, STR_LIT("true"));
                break;
        default:
                r = put_word(writer, c, STR_LIT("null"));
        }

        return r < 0 ? r : buf_error(writer->to);
}

static int write_item(CborCursor *c, Buf *to, bool in_key) {
        Writer writer = {.to = to, .in_key = in_key};
        int r;

        r = put_item(&writer, c);
        buf_deinit(&writer.scratch);
        return r;
}

int json_key_from_cbor(CborCursor *c, Buf *to) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str s;
        int r;

        r = skip_tags(c);
        if (r < 0)
                return r;
        if (cbor_peek(c) == CBOR_NULL || cbor_peek(c) == CBOR_UNDEFINED)
                return cbor_skip(c); /* as in Perl, and as null is the node port: the empty string */
        if (cbor_peek(c) != CBOR_TEXT && cbor_peek(c) != CBOR_BYTES)
                return write_item(c, to, /* in_key= */ true);

        r = cbor_read_str(c, &scratch, &s);
        if (r < 0)
                return r;

        utf8_put(to, s);
        return buf_error(to);
}

int json_from_cbor(const uint8_t *p, size_t n, Buf *to) {
        CborCursor c = cbor_cursor(p, n);

        return write_item(&c, to, /* in_key= */ false);
}
