/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writing CBOR
 *
 * The forms are those that the Perl implementation writes too: shortest heads, numbers as small as they go
 * without loss. Half floats are left out, nobody needs them.
 */

#include <endian.h>
#include <float.h>
#include <math.h>

#include "wire/cbor-head.h"
#include "wire/cbor.h"
#include "wire/id.h"
#include "wire/utf8.h"

size_t cbor_head(uint8_t *to, unsigned major, uint64_t value) {
        uint8_t first = (uint8_t) (major << 5);

        if (value < CBOR_INFO_1) {
                to[0] = first | (uint8_t) value;
                return 1;
        }
        if (value <= UINT8_MAX) {
                to[0] = first | CBOR_INFO_1;
                to[1] = (uint8_t) value;
                return 2;
        }
        if (value <= UINT16_MAX) {
                uint16_t v = htobe16((uint16_t) value);

                to[0] = first | CBOR_INFO_2;
                memcpy(to + 1, &v, sizeof(v));
                return 3;
        }
        if (value <= UINT32_MAX) {
                uint32_t v = htobe32((uint32_t) value);

                to[0] = first | CBOR_INFO_4;
                memcpy(to + 1, &v, sizeof(v));
                return 5;
        }

        value = htobe64(value);
        to[0] = first | CBOR_INFO_8;
        memcpy(to + 1, &value, sizeof(value));
        return 9;
}

static void put_head(Buf *buf, unsigned major, uint64_t value) {
        uint8_t head[CBOR_HEAD_MAX];

        buf_put(buf, head, cbor_head(head, major, value));
}

void cbor_put_uint(Buf *buf, uint64_t v) {
        put_head(buf, CBOR_MAJOR_UINT, v);
}

void cbor_put_int(Buf *buf, int64_t v) {
        if (v < 0)
                put_head(buf, CBOR_MAJOR_NINT, ~(uint64_t) v);
        else
                put_head(buf, CBOR_MAJOR_UINT, (uint64_t) v);
}

void cbor_put_double(Buf *buf, double v) {
        uint8_t out[CBOR_HEAD_MAX];
        float single;

        if (v >= INT32_MIN && v <= UINT32_MAX && v == (double) (int64_t) v) {
                cbor_put_int(buf, (int64_t) v);
                return;
        }

        if (isnan(v))
                v = NAN;
        /* Converting what is out of range would be undefined. */
        single = isfinite(v) && fabs(v) > (double) FLT_MAX ? 0 : (float) v;
        if (isnan(v) || (double) single == v) {
                uint32_t bits;

                memcpy(&bits, &single, sizeof(bits));
                bits = htobe32(bits);
                out[0] = CBOR_MAJOR_SIMPLE << 5 | CBOR_INFO_4;
                memcpy(out + 1, &bits, sizeof(bits));
                buf_put(buf, out, 1 + sizeof(bits));
        } else {
                uint64_t bits;

                memcpy(&bits, &v, sizeof(bits));
                bits = htobe64(bits);
                out[0] = CBOR_MAJOR_SIMPLE << 5 | CBOR_INFO_8;
                memcpy(out + 1, &bits, sizeof(bits));
                buf_put(buf, out, 1 + sizeof(bits));
        }
}

void cbor_put_bool(Buf *buf, bool v) {
        put_head(buf, CBOR_MAJOR_SIMPLE, v ? CBOR_SIMPLE_TRUE : CBOR_SIMPLE_FALSE);
}

void cbor_put_null(Buf *buf) {
        put_head(buf, CBOR_MAJOR_SIMPLE, CBOR_SIMPLE_NULL);
}

void cbor_put_array(Buf *buf, uint64_t n) {
        put_head(buf, CBOR_MAJOR_ARRAY, n);
}

void cbor_put_map(Buf *buf, uint64_t n) {
        put_head(buf, CBOR_MAJOR_MAP, n);
}

void cbor_put_text(Buf *buf, Str s) {
        put_head(buf, CBOR_MAJOR_TEXT, s.n);
        buf_put_str(buf, s);
}

void cbor_put_str(Buf *buf, Str s) {
        if (utf8_is_valid(s)) {
                cbor_put_text(buf, s);
                return;
        }

        put_head(buf, CBOR_MAJOR_TEXT, utf8_repaired_len(s));
        utf8_put(buf, s);
}

void cbor_put_bytes(Buf *buf, const void *p, size_t n) {
        put_head(buf, CBOR_MAJOR_BYTES, n);
        buf_put(buf, p, n);
}
