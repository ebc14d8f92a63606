/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Patterns of messages
 *
 * A pattern was packed once; it is compared item by item where the message lies. What counts is what is
 * meant, since the same string or number comes in many forms, and a Perl program may send one for the other.
 */

#include "libclient/match.h"

#include <math.h>

#include "libclient/message.h"
#include "libclient/read.h"
#include "wire/cbor-head.h"

/* One that is an integer, in whatever form it came, is v, or -1 - v. */
typedef struct Number {
        enum { NUMBER_UINT, NUMBER_NINT, NUMBER_DOUBLE } kind;
        uint64_t v;
        double d;
} Number;

static int like(aemp_msg *msg, CborCursor *p, CborCursor *m);

static bool is_number(CborType type) {
        return type == CBOR_UINT || type == CBOR_NINT || type == CBOR_DOUBLE;
}

static Number number_from_double(double d) {
        if (d != floor(d) || d < -0x1p64 || d >= 0x1p64)
                return (Number){NUMBER_DOUBLE, 0, d};
        if (d >= 0)
                return (Number){NUMBER_UINT, (uint64_t) d, 0};

        return (Number){NUMBER_NINT, d == -0x1p64 ? UINT64_MAX : (uint64_t) -d - 1, 0};
}

static bool number_read(CborCursor *c, Number *ret) {
        CborType type = cbor_peek(c);
        CborHead head;
        double d;

        if (type == CBOR_DOUBLE) {
                if (cbor_read_double(c, &d) < 0)
                        return false;
                *ret = number_from_double(d);
                return true;
        }

        if (cbor_head_take(&c->p, c->end, &head) <= 0)
                return false;
        *ret = (Number){type == CBOR_UINT ? NUMBER_UINT : NUMBER_NINT, head.value, 0};
        return true;
}

static int like_number(CborCursor *p, CborCursor *m) {
        Number a, b;

        if (!number_read(p, &a) || !number_read(m, &b) || a.kind != b.kind)
                return 0;

        return a.kind == NUMBER_DOUBLE ? a.d == b.d : a.v == b.v;
}

/* Two strings, or a string and a number's decimal one. */
static int like_string(aemp_msg *msg, CborCursor *p, CborCursor *m) {
        Str a, b;
        int r;

        buf_reset(msg->scratch);
        r = cbor_read_str(p, msg->scratch, &a);
        if (r >= 0)
                r = cbor_read_str(m, msg->scratch, &b);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        return str_equal(a, b);
}

static bool at_end(const CborCursor *m, uint64_t n, uint64_t i) {
        return n == CBOR_INDEFINITE ? cbor_peek(m) == CBOR_END : i == n;
}

static int like_array(aemp_msg *msg, CborCursor *p, CborCursor *m) {
        uint64_t n, len, i;

        if (cbor_read_array(p, &n) < 0 || cbor_read_array(m, &len) < 0)
                return 0;

        for (i = 0; i < n; i++) {
                int r;

                if (at_end(m, len, i))
                        return 0;
                r = like(msg, p, m);
                if (r <= 0)
                        return r;
        }

        if (!at_end(m, len, i))
                return 0;
        if (len == CBOR_INDEFINITE)
                (void) cbor_read_end(m);
        return 1;
}

/* A pattern's keys are text, and need no room. */
static bool has_key(CborCursor pattern, Str key) {
        uint64_t n;
        Str own;

        if (cbor_read_map(&pattern, &n) < 0)
                return false;

        for (uint64_t i = 0; i < n; i++) {
                if (cbor_read_str(&pattern, NULL, &own) < 0)
                        return false;
                if (str_equal(own, key))
                        return true;
                if (cbor_skip(&pattern) < 0)
                        return false;
        }
        return false;
}

/* Whether no key is in the map that isn't in the pattern. */
static int has_no_other(aemp_msg *msg, const CborCursor *pattern, CborCursor map) {
        uint64_t n;

        if (cbor_read_map(&map, &n) < 0)
                return 0;

        for (uint64_t i = 0; !at_end(&map, n, i); i++) {
                Str key;
                int r;

                buf_reset(msg->scratch);
                r = cbor_read_str(&map, msg->scratch, &key);
                if (r < 0)
                        return r == -ENOMEM ? r : 0;
                if (!has_key(*pattern, key) || cbor_skip(&map) < 0)
                        return 0;
        }
        return 1;
}

static int like_map(aemp_msg *msg, CborCursor *p, CborCursor *m) {
        CborCursor pattern = *p, map = *m;
        uint64_t n;
        int r;

        if (cbor_skip(m) < 0 || cbor_read_map(p, &n) < 0)
                return 0;

        for (uint64_t i = 0; i < n; i++) {
                CborCursor value;
                Str key;

                if (cbor_read_str(p, NULL, &key) < 0)
                        return 0;
                r = read_map_find(msg, map, key, &value);
                if (r > 0)
                        r = like(msg, p, &value);
                if (r <= 0)
                        return r == -ENOMEM ? r : 0;
        }

        return has_no_other(msg, &pattern, map);
}

/* Both move behind the item, unless the result is not 1. */
static int like(aemp_msg *msg, CborCursor *p, CborCursor *m) {
        CborType type = cbor_peek(p), other;

        if (type == CBOR_SIMPLE) { /* PATTERN_ANY */
                p->p++;
                return cbor_skip(m) >= 0;
        }

        if (read_tags(m) < 0)
                return 0;
        other = cbor_peek(m);

        if (type == CBOR_ARRAY)
                return other == CBOR_ARRAY ? like_array(msg, p, m) : 0;
        if (type == CBOR_MAP)
                return other == CBOR_MAP ? like_map(msg, p, m) : 0;
        if (type == CBOR_NULL)
                return read_null(p) >= 0 && read_null(m) >= 0;
        if (type == CBOR_TRUE || type == CBOR_FALSE)
                return other == type && cbor_skip(p) >= 0 && cbor_skip(m) >= 0;
        if (is_number(type) && is_number(other))
                return like_number(p, m);
        return like_string(msg, p, m);
}

int match(const Content *pattern, aemp_msg *msg) {
        CborCursor p = cbor_cursor(pattern->data, pattern->size);
        CborCursor m = cbor_cursor(msg->content.data, msg->content.size);

        if (pattern->n > msg->content.n)
                return 0;

        for (uint64_t i = 0; i < pattern->n; i++) {
                int r = like(msg, &p, &m);

                if (r <= 0)
                        return r;
        }
        return 1;
}
