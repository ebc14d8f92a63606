/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a Perl peer's decoder dies of
 *
 * CBOR::XS makes objects of the content of some tags, and dies when it can't; then that peer never hears
 * another message on the connection. A tag whose content is plainly what it should be stays, since the peer
 * would keep it too; in doubt it goes, and its content stays. All this was tried with CBOR::XS 1.86.
 */

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "wire/cbor-head.h"
#include "wire/cbor.h"

/* Moments that any gmtime() can tell, in seconds; exponents that make no numbers of a megabyte. */
#define TIME_MAX 1e11
#define EXPONENT_MAX 1000

static int digits(const char *p, int n) {
        int v = 0;

        for (; n > 0; n--)
                v = v * 10 + *p++ - '0';

        return v;
}

/* As Time::Piece takes it: "2013-03-21T20:04:00", digits where they should be. */
static bool is_moment(const char *p) {
        return digits(p, 4) >= 1900 && digits(p + 5, 2) >= 1 && digits(p + 5, 2) <= 12 &&
                digits(p + 8, 2) >= 1 && digits(p + 8, 2) <= 31 && digits(p + 11, 2) <= 23 &&
                digits(p + 14, 2) <= 59 && digits(p + 17, 2) <= 59;
}

/* "2013-03-21T20:04:00Z", with a fraction or an offset if need be. */
static bool is_date(CborCursor c) {
        static const char form[] = "dddd-dd-ddTdd:dd:dd";
        const char *p, *end;
        CborHead head;

        if (cbor_head_take(&c.p, c.end, &head) <= 0 || head.major != CBOR_MAJOR_TEXT ||
                cbor_head_is_indefinite(&head) || head.value > (uint64_t) (c.end - c.p) ||
                head.value < sizeof(form))
                return false;

        p = (const char *) c.p;
        end = p + head.value;
        for (const char *f = form; *f; f++, p++)
                if (*f == 'd' ? !isdigit((unsigned char) *p) : *p != *f)
                        return false;
        if (!is_moment(p - strlen(form)))
                return false;

        if (*p == '.')
                for (p++; p < end && isdigit((unsigned char) *p); p++)
                        ;
        if (end - p == 1)
                return *p == 'Z';

        return end - p == 6 && (p[0] == '+' || p[0] == '-') && isdigit((unsigned char) p[1]) &&
                isdigit((unsigned char) p[2]) && p[3] == ':' && isdigit((unsigned char) p[4]) &&
                isdigit((unsigned char) p[5]);
}

static bool is_number(CborType type) {
        return type == CBOR_UINT || type == CBOR_NINT || type == CBOR_DOUBLE;
}

static bool is_time(CborCursor c) {
        double v;

        return is_number(cbor_peek(&c)) && cbor_read_double(&c, &v) >= 0 && fabs(v) < TIME_MAX;
}

static bool is_integer(CborCursor *c, double max) {
        CborType type = cbor_peek(c);
        double v;

        return (type == CBOR_UINT || type == CBOR_NINT) && cbor_read_double(c, &v) >= 0 && fabs(v) <= max;
}

/* [exponent, mantissa] */
static bool is_fraction(CborCursor c) {
        uint64_t n;

        return cbor_read_array(&c, &n) >= 0 && n == 2 && is_integer(&c, EXPONENT_MAX) &&
                is_integer(&c, INFINITY);
}

/* [numerator, denominator] */
static bool is_rational(CborCursor c) {
        uint64_t n, denominator;

        return cbor_read_array(&c, &n) >= 0 && n == 2 && is_integer(&c, INFINITY) &&
                cbor_peek(&c) == CBOR_UINT && cbor_read_uint(&c, &denominator) >= 0 && denominator > 0;
}

static bool is_bignum(CborCursor c) {
        CborHead head;

        return cbor_head_take(&c.p, c.end, &head) > 0 && !cbor_head_is_odd_bignum(&head);
}

/* May this tag stay before this content? */
static bool tag_stays(uint64_t tag, CborCursor content) {
        const CborHead head = {.value = tag, .major = CBOR_MAJOR_TAG};

        switch (tag) {
        case 0:
                return is_date(content);
        case 1:
                return is_time(content);
        case 2:
        case 3:
                return is_bignum(content);
        case 4:
        case 5:
                return is_fraction(content);
        case 30:
                return is_rational(content);
        default:
                return !cbor_head_is_odd_tag(&head);
        }
}

static void clean_item(Buf *to, CborCursor *c, bool key);

static void keep(Buf *to, const uint8_t *from, const CborCursor *c) {
        buf_put(to, from, (size_t) (c->p - from));
}

/* The items within an array, or the pairs within a map. */
static void clean_items(Buf *to, CborCursor *c, const CborHead *head) {
        bool map = head->major == CBOR_MAJOR_MAP;
        bool endless = cbor_head_is_indefinite(head);
        const uint8_t *start;

        for (uint64_t i = 0; (endless || i < head->value) && cbor_peek(c) != CBOR_END; i++) {
                clean_item(to, c, /* key= */ map);
                if (map)
                        clean_item(to, c, /* key= */ false);
        }

        start = c->p;
        if (endless && cbor_read_end(c))
                keep(to, start, c);
}

static void clean_item(Buf *to, CborCursor *c, bool key) {
        const uint8_t *start = c->p;
        CborHead head;

        if (cbor_head_take(&c->p, c->end, &head) <= 0) {
                c->p = c->end;
                return;
        }

        switch (head.major) {
        case CBOR_MAJOR_SIMPLE:
                /* undefined is an object in Perl that can't be the key of a map */
                if (cbor_head_is_odd_simple(&head) && (key || head.value != CBOR_SIMPLE_UNDEFINED))
                        cbor_put_null(to);
                else
                        keep(to, start, c);
                return;

        case CBOR_MAJOR_TAG:
                if (tag_stays(head.value, *c))
                        keep(to, start, c);
                clean_item(to, c, key);
                return;

        case CBOR_MAJOR_ARRAY:
        case CBOR_MAJOR_MAP:
                keep(to, start, c);
                clean_items(to, c, &head);
                return;

        default:
                c->p = start;
                if (cbor_skip(c) < 0)
                        c->p = c->end;
                keep(to, start, c);
        }
}

void cbor_clean(Buf *to, const uint8_t *p, size_t n) {
        CborCursor c = cbor_cursor(p, n);

        clean_item(to, &c, /* key= */ false);
}
