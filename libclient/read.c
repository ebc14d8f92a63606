/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Values of a message, as programs want them
 */

#include <errno.h>
#include <math.h>

#include "libclient/message.h"
#include "libclient/read.h"
#include "wire/cbor-head.h"
#include "wire/number.h"

int read_tags(CborCursor *c) {
        uint64_t tag;

        while (cbor_peek(c) == CBOR_TAG)
                if (cbor_read_tag(c, &tag) < 0)
                        return -EBADMSG;
        return 0;
}

int read_null(CborCursor *c) {
        CborType type = cbor_peek(c);

        if (type != CBOR_NULL && type != CBOR_UNDEFINED)
                return -EBADMSG;

        c->p++;
        return 0;
}

static int negate(uint64_t v, int64_t *ret) {
        if (v > (uint64_t) INT64_MAX + 1)
                return -EBADMSG;

        *ret = v == 0 ? 0 : -(int64_t) (v - 1) - 1;
        return 0;
}

static int read_nint(CborCursor *c, int64_t *ret) {
        CborHead head;

        if (cbor_head_take(&c->p, c->end, &head) <= 0 || head.value > INT64_MAX)
                return -EBADMSG;

        *ret = -1 - (int64_t) head.value;
        return 0;
}

/* "-5". */
static int read_negative_text(aemp_msg *msg, CborCursor *c, int64_t *ret) {
        uint64_t v;
        Str s;
        int r;

        buf_reset(msg->scratch);
        r = cbor_read_str(c, msg->scratch, &s);
        if (r < 0)
                return r;
        if (s.n < 2 || s.p[0] != '-' || !number_read_uint((Str){s.p + 1, s.n - 1}, &v))
                return -EBADMSG;

        return negate(v, ret);
}

static int read_negative_double(CborCursor *c, int64_t *ret) {
        double v;

        if (cbor_read_double(c, &v) < 0 || !(v >= -0x1p63 && v < 0) || v != floor(v))
                return -EBADMSG;

        *ret = (int64_t) v;
        return 0;
}

int read_int(aemp_msg *msg, CborCursor *c, int64_t *ret) {
        uint64_t v;

        if (cbor_read_uint(c, &v) >= 0) {
                if (v > INT64_MAX)
                        return -EBADMSG;
                *ret = (int64_t) v;
                return 0;
        }

        switch (cbor_peek(c)) {
        case CBOR_NINT:
                return read_nint(c, ret);
        case CBOR_TEXT:
        case CBOR_BYTES:
                return read_negative_text(msg, c, ret);
        case CBOR_DOUBLE:
                return read_negative_double(c, ret);
        default:
                return -EBADMSG;
        }
}

static int read_view(aemp_msg *msg, CborCursor *c, Str *ret) {
        buf_reset(msg->scratch);
        return cbor_read_str(c, msg->scratch, ret);
}

int read_str(aemp_msg *msg, CborCursor *c, const char **ret, size_t *ret_n) {
        char *p;
        Str s;
        int r;

        r = read_view(msg, c, &s);
        if (r < 0)
                return r;

        p = arena_str(msg->arena, s);
        if (!p)
                return -ENOMEM;

        *ret = p;
        *ret_n = s.n;
        return 0;
}

/* A plain byte string needs no conversion, whatever is in it. */
static bool take_bytes(CborCursor *c, const void **ret, size_t *ret_n) {
        CborCursor at = *c;
        CborHead head;

        if (cbor_peek(c) != CBOR_BYTES || cbor_head_take(&at.p, at.end, &head) <= 0 ||
                cbor_head_is_indefinite(&head) || head.value > (size_t) (at.end - at.p))
                return false;

        *ret = at.p;
        *ret_n = head.value;
        c->p = at.p + head.value;
        return true;
}

static int octets_from_utf8(Str s, uint8_t *to, size_t *ret_n) {
        size_t n = 0;

        for (size_t i = 0; i < s.n; i++) {
                uint8_t octet = (uint8_t) s.p[i];

                if (octet >= 0x80) {
                        if ((octet & 0xfe) != 0xc2 || i + 1 == s.n || ((uint8_t) s.p[i + 1] & 0xc0) != 0x80)
                                return -EBADMSG;
                        octet = (uint8_t) (octet << 6 | ((uint8_t) s.p[++i] & 0x3f));
                }
                to[n++] = octet;
        }

        *ret_n = n;
        return 0;
}

int read_octets(aemp_msg *msg, CborCursor *c, const void **ret, size_t *ret_n) {
        uint8_t *to;
        Str s;
        int r;

        if (take_bytes(c, ret, ret_n))
                return 0;

        r = read_view(msg, c, &s);
        if (r < 0)
                return r;

        to = arena_alloc(msg->arena, s.n + 1);
        if (!to)
                return -ENOMEM;

        r = octets_from_utf8(s, to, ret_n);
        if (r < 0)
                return r;

        *ret = to;
        return 0;
}

static bool map_end(CborCursor *c, uint64_t n, uint64_t i) {
        return n == CBOR_INDEFINITE ? cbor_peek(c) == CBOR_END : i == n;
}

int read_map_find(aemp_msg *msg, CborCursor map, Str key, CborCursor *ret) {
        bool found = false;
        uint64_t n;

        if (cbor_read_map(&map, &n) < 0)
                return -EBADMSG;

        for (uint64_t i = 0; !map_end(&map, n, i); i++) {
                CborCursor at = map;
                Str s;
                int r;

                if (cbor_skip(&map) < 0)
                        return -EBADMSG;
                r = read_view(msg, &at, &s);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && str_equal(s, key)) {
                        *ret = map;
                        found = true;
                }
                if (cbor_skip(&map) < 0)
                        return -EBADMSG;
        }

        return found;
}

uint64_t read_map_count(CborCursor map) {
        uint64_t n, i;

        if (cbor_read_map(&map, &n) < 0 || n != CBOR_INDEFINITE)
                return n;

        for (i = 0; cbor_peek(&map) != CBOR_END; i++)
                if (cbor_skip(&map) < 0 || cbor_skip(&map) < 0)
                        break;
        return i;
}
