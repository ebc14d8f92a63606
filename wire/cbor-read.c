/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading CBOR
 *
 * Readers take a copy of the cursor, and write it back when all went well: so the cursor moves by whole
 * items or not at all. None of them trusts the check that came before with more than the meaning of what is
 * read.
 */

#include <math.h>

#include "wire/cbor-head.h"
#include "wire/cbor.h"
#include "wire/number.h"
#include "wire/utf8.h"

/* The longest text of a number that is looked at. */
#define NUMERIC_MAX 64

static int take(CborCursor *c, CborHead *ret) {
        return cbor_head_take(&c->p, c->end, ret) > 0 ? 0 : -EBADMSG;
}

static int take_major(CborCursor *c, unsigned major, CborHead *ret) {
        int r = take(c, ret);

        return r < 0 ? r : ret->major == major ? 0 : -EBADMSG;
}

/* The octets of the definite string with this head. */
static int take_octets(CborCursor *c, const CborHead *head, Str *ret) {
        if (head->value > (size_t) (c->end - c->p))
                return -EBADMSG;

        *ret = (Str){(const char *) c->p, head->value};
        c->p += head->value;
        return 0;
}

/* The next part of a string in chunks of the major type: 1, 0 at its end. */
static int take_chunk(CborCursor *c, unsigned major, Str *ret) {
        CborHead head;
        int r;

        r = take(c, &head);
        if (r < 0)
                return r;
        if (cbor_head_is_break(&head))
                return 0;
        if (head.major != major || cbor_head_is_indefinite(&head))
                return -EBADMSG;

        r = take_octets(c, &head, ret);
        return r < 0 ? r : 1;
}

static double decode_half(uint16_t half) {
        int exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
        double v;

        if (exponent == 0)
                v = ldexp(mantissa, -24);
        else if (exponent < 31)
                v = ldexp(mantissa + 1024, exponent - 25);
        else
                v = mantissa == 0 ? (double) INFINITY : (double) NAN;

        return half & 0x8000 ? -v : v;
}

static bool head_is_double(const CborHead *head) {
        return head->major == CBOR_MAJOR_SIMPLE && head->info >= CBOR_INFO_2 && head->info <= CBOR_INFO_8;
}

static double head_double(const CborHead *head) {
        if (head->info == CBOR_INFO_2)
                return decode_half((uint16_t) head->value);

        if (head->info == CBOR_INFO_4) {
                uint32_t bits = (uint32_t) head->value;
                float v;

                memcpy(&v, &bits, sizeof(v));
                return (double) v;
        } else {
                double v;

                memcpy(&v, &head->value, sizeof(v));
                return v;
        }
}

CborType cbor_peek(const CborCursor *c) {
        static const CborType types[] = {
                [CBOR_MAJOR_UINT] = CBOR_UINT,
                [CBOR_MAJOR_NINT] = CBOR_NINT,
                [CBOR_MAJOR_BYTES] = CBOR_BYTES,
                [CBOR_MAJOR_TEXT] = CBOR_TEXT,
                [CBOR_MAJOR_ARRAY] = CBOR_ARRAY,
                [CBOR_MAJOR_MAP] = CBOR_MAP,
                [CBOR_MAJOR_TAG] = CBOR_TAG,
        };
        uint8_t info;

        if (c->p == c->end)
                return CBOR_END;
        if (c->p[0] >> 5 != CBOR_MAJOR_SIMPLE)
                return types[c->p[0] >> 5];

        info = c->p[0] & 0x1f;
        switch (info) {
        case CBOR_SIMPLE_FALSE:
                return CBOR_FALSE;
        case CBOR_SIMPLE_TRUE:
                return CBOR_TRUE;
        case CBOR_SIMPLE_NULL:
                return CBOR_NULL;
        case CBOR_SIMPLE_UNDEFINED:
                return CBOR_UNDEFINED;
        case CBOR_INFO_INDEFINITE:
                return CBOR_END;
        default:
                return info >= CBOR_INFO_2 && info <= CBOR_INFO_8 ? CBOR_DOUBLE : CBOR_SIMPLE;
        }
}

/* A string that could be a number, into `to`; what is longer or not ASCII is none. */
static int take_numeric(CborCursor *c, const CborHead *head, char to[NUMERIC_MAX], Str *ret) {
        size_t n = 0;
        Str part;
        int r;

        if (!cbor_head_is_string(head))
                return -EBADMSG;
        if (!cbor_head_is_indefinite(head))
                return take_octets(c, head, ret);

        while ((r = take_chunk(c, head->major, &part)) > 0) {
                if (part.n > NUMERIC_MAX - n)
                        return -EBADMSG;
                memcpy(to + n, part.p, part.n);
                n += part.n;
        }

        *ret = (Str){to, n};
        return r;
}

int cbor_read_uint(CborCursor *c, uint64_t *ret) {
        CborCursor at = *c;
        char text[NUMERIC_MAX];
        CborHead head;
        uint64_t v;
        int r;

        r = take(&at, &head);
        if (r < 0)
                return r;

        if (head.major == CBOR_MAJOR_UINT) {
                v = head.value;
        } else if (head_is_double(&head)) {
                double d = head_double(&head);

                if (!(d >= 0 && d < 0x1p64) || d != floor(d))
                        return -EBADMSG;
                v = (uint64_t) d;
        } else {
                Str s;

                r = take_numeric(&at, &head, text, &s);
                if (r < 0)
                        return r;
                if (!number_read_uint(s, &v))
                        return -EBADMSG;
        }

        *ret = v;
        *c = at;
        return 0;
}

int cbor_read_double(CborCursor *c, double *ret) {
        CborCursor at = *c;
        char text[NUMERIC_MAX];
        CborHead head;
        double v;
        int r;

        r = take(&at, &head);
        if (r < 0)
                return r;

        if (head.major == CBOR_MAJOR_UINT) {
                v = (double) head.value;
        } else if (head.major == CBOR_MAJOR_NINT) {
                /* rounded once: -1 - (double) value could be the wrong neighbour */
                v = head.value < UINT64_MAX ? -(double) (head.value + 1) : -0x1p64;
        } else if (head_is_double(&head)) {
                v = head_double(&head);
        } else {
                bool integer;
                Str s;

                r = take_numeric(&at, &head, text, &s);
                if (r < 0)
                        return r;
                if (s.n == 0 || s.n > NUMERIC_MAX || number_span(s, &integer) != s.n)
                        return -EBADMSG;
                r = number_read_double(s, &v);
                if (r < 0)
                        return r;
        }

        *ret = v;
        *c = at;
        return 0;
}

int cbor_read_bool(CborCursor *c, bool *ret) {
        CborCursor at = *c;
        char text[NUMERIC_MAX];
        CborHead head;
        double v;
        Str s;
        int r;

        switch (cbor_peek(c)) {
        case CBOR_TRUE:
        case CBOR_FALSE:
        case CBOR_NULL:
        case CBOR_UNDEFINED:
                *ret = cbor_peek(c) == CBOR_TRUE;
                c->p++;
                return 0;

        case CBOR_BYTES:
        case CBOR_TEXT:
                r = take(&at, &head);
                if (r < 0)
                        return r;
                r = take_numeric(&at, &head, text, &s);
                if (r < 0)
                        return r;
                if (!str_is(s, "") && !str_is(s, "0") && !str_is(s, "1"))
                        return -EBADMSG;
                *ret = str_is(s, "1");
                break;

        default:
                r = cbor_read_double(&at, &v);
                if (r < 0)
                        return r;
                if (v != 0 && v != 1)
                        return -EBADMSG;
                *ret = v == 1;
        }

        *c = at;
        return 0;
}

static int read_head(CborCursor *c, unsigned major, uint64_t *ret) {
        CborCursor at = *c;
        CborHead head;
        int r;

        r = take_major(&at, major, &head);
        if (r < 0)
                return r;

        *ret = cbor_head_is_indefinite(&head) ? CBOR_INDEFINITE : head.value;
        *c = at;
        return 0;
}

int cbor_read_tag(CborCursor *c, uint64_t *ret) {
        return read_head(c, CBOR_MAJOR_TAG, ret);
}

int cbor_read_array(CborCursor *c, uint64_t *ret) {
        return read_head(c, CBOR_MAJOR_ARRAY, ret);
}

int cbor_read_map(CborCursor *c, uint64_t *ret) {
        return read_head(c, CBOR_MAJOR_MAP, ret);
}

bool cbor_read_end(CborCursor *c) {
        if (c->p == c->end)
                return true;
        if (c->p[0] != 0xff)
                return false;

        c->p++;
        return true;
}

/* Characters 0 to 255, one octet each, as UTF-8. */
static size_t utf8_from_bytes(uint8_t *to, Str s) {
        size_t n = 0;

        for (size_t i = 0; i < s.n; i++)
                n += utf8_encode(to + n, (uint8_t) s.p[i]);

        return n;
}

static size_t utf8_len_of_bytes(Str s) {
        size_t n = s.n;

        for (size_t i = 0; i < s.n; i++)
                n += (uint8_t) s.p[i] >> 7;

        return n;
}

/* Octets that a part of a string has in UTF-8, and these octets. */
static size_t part_len(unsigned major, Str part) {
        return major == CBOR_MAJOR_TEXT ? part.n : utf8_len_of_bytes(part);
}

static size_t part_put(uint8_t *to, unsigned major, Str part) {
        if (major == CBOR_MAJOR_BYTES)
                return utf8_from_bytes(to, part);

        memcpy(to, part.p, part.n);
        return part.n;
}

static int read_definite(CborCursor *c, const CborHead *head, Buf *scratch, Str *ret) {
        uint8_t *room;
        size_t len;
        Str s;
        int r;

        r = take_octets(c, head, &s);
        if (r < 0)
                return r;

        if (head->major == CBOR_MAJOR_TEXT || utf8_ascii_prefix((const uint8_t *) s.p, s.n) == s.n) {
                *ret = s;
                return 0;
        }

        len = part_len(head->major, s);
        room = buf_extend_stable(scratch, len);
        if (!room)
                return -ENOMEM;

        *ret = (Str){(const char *) room, part_put(room, head->major, s)};
        return 0;
}

static int read_chunks(CborCursor *c, const CborHead *head, Buf *scratch, Str *ret) {
        CborCursor first = *c;
        uint8_t *room;
        size_t len = 0;
        Str part;
        int r;

        while ((r = take_chunk(c, head->major, &part)) > 0)
                len += part_len(head->major, part);
        if (r < 0)
                return r;

        room = buf_extend_stable(scratch, len);
        if (!room)
                return -ENOMEM;

        *ret = (Str){(const char *) room, len};
        while (take_chunk(&first, head->major, &part) > 0)
                room += part_put(room, head->major, part);
        return 0;
}

static int read_number(const CborHead *head, Buf *scratch, Str *ret) {
        char text[NUMBER_TEXT_MAX];
        uint8_t *room;
        size_t n;

        if (head->major == CBOR_MAJOR_UINT)
                n = number_write_uint(text, head->value);
        else if (head->major == CBOR_MAJOR_NINT)
                n = number_write_nint(text, head->value);
        else if (head_is_double(head) && isfinite(head_double(head)))
                n = number_write_double(text, head_double(head));
        else
                return -EBADMSG;

        room = buf_extend_stable(scratch, n);
        if (!room)
                return -ENOMEM;

        memcpy(room, text, n);
        *ret = (Str){(const char *) room, n};
        return 0;
}

int cbor_read_str(CborCursor *c, Buf *scratch, Str *ret) {
        CborCursor at = *c;
        CborHead head;
        Str s;
        int r;

        do {
                r = take(&at, &head);
                if (r < 0)
                        return r;
        } while (head.major == CBOR_MAJOR_TAG);

        if (!cbor_head_is_string(&head))
                r = read_number(&head, scratch, &s);
        else if (cbor_head_is_indefinite(&head))
                r = read_chunks(&at, &head, scratch, &s);
        else
                r = read_definite(&at, &head, scratch, &s);
        if (r < 0)
                return r;

        *ret = s;
        *c = at;
        return 0;
}

int cbor_read_str_or_null(CborCursor *c, Buf *scratch, Str *ret) {
        CborType type = cbor_peek(c);

        if (type != CBOR_NULL && type != CBOR_UNDEFINED)
                return cbor_read_str(c, scratch, ret);

        *ret = STR_LIT("");
        c->p++;
        return 0;
}

int cbor_skip(CborCursor *c) {
        size_t len;
        bool odd;

        if (cbor_check(c->p, (size_t) (c->end - c->p), SIZE_MAX, &len, &odd) < 0)
                return -EBADMSG;

        c->p += len;
        return 0;
}
