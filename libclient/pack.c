/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Elements from a format string and arguments
 *
 * The grammar is jansson's, but no tree is made: each character puts its octets. An array has its length in
 * front, so room for a short one is left and corrected at the closing bracket. In a pattern `_` puts an item
 * that no message of ours has.
 *
 * After an error in the *arguments* the walk goes on without writing, since "o" gives its reference away in
 * any case. After one in the *format* nobody knows what the arguments are.
 */

#include <errno.h>
#include <jansson.h>

#include "libclient/pack.h"
#include "wire/cbor-head.h"
#include "wire/cbor.h"
#include "wire/id.h"
#include "wire/value.h"

#define NESTING_MAX 64

typedef struct Pack {
        Buf *to;
        const char *p;
        va_list ap;
        int error;    /* of the arguments */
        bool wrong;   /* the format is */
        bool values;  /* there were json_t */
        bool pattern; /* it may have `_` */
        unsigned nesting;
} Pack;

static void pack_items(Pack *pack, char close, uint64_t *ret_n);

static void skip_space(Pack *pack) {
        while (*pack->p == ',' || *pack->p == ' ' || *pack->p == ':' || *pack->p == '\t' || *pack->p == '\n')
                pack->p++;
}

static bool pack_option(Pack *pack, char c) {
        if (*pack->p != c)
                return false;

        pack->p++;
        return true;
}

static void pack_fail(Pack *pack, int error) {
        if (pack->error == 0)
                pack->error = error;
}

/* What follows the length's mark in "s#", "s%", "b#", "b%"; or the string's own length. */
static size_t pack_length(Pack *pack, char mark, const char *s) {
        if (mark == '%')
                return va_arg(pack->ap, size_t);

        if (mark == '#') {
                int n = va_arg(pack->ap, int);

                if (n < 0)
                        pack_fail(pack, -EINVAL);
                return n < 0 ? 0 : (size_t) n;
        }

        return s ? strlen(s) : 0;
}

static char pack_mark(Pack *pack) {
        return *pack->p == '#' || *pack->p == '%' ? *pack->p++ : '\0';
}

static void pack_string(Pack *pack, bool is_key) {
        char mark = pack_mark(pack);
        bool nullable = !is_key && pack_option(pack, '?');
        const char *s = va_arg(pack->ap, const char *);
        Str str = {s, pack_length(pack, mark, s)};

        if (!s && !nullable)
                pack_fail(pack, -EINVAL);
        if (s && !utf8_is_valid(str))
                pack_fail(pack, -EINVAL);
        if (pack->error < 0)
                return;

        if (s)
                cbor_put_text(pack->to, str);
        else
                cbor_put_null(pack->to);
}

static void pack_octets(Pack *pack, char mark) {
        const void *p = va_arg(pack->ap, const void *);
        size_t n = pack_length(pack, mark, NULL);

        if (!p && n > 0)
                pack_fail(pack, -EINVAL);
        if (pack->error == 0)
                cbor_put_bytes(pack->to, p, n);
}

static void pack_bool(Pack *pack) {
        char mark = pack_mark(pack);
        int v;

        if (mark) {
                pack_octets(pack, mark);
                return;
        }

        v = va_arg(pack->ap, int);
        if (pack->error == 0)
                cbor_put_bool(pack->to, v);
}

static void pack_integer(Pack *pack, bool is_long) {
        int64_t v = is_long ? va_arg(pack->ap, long long) : va_arg(pack->ap, int);

        if (pack->error == 0)
                cbor_put_int(pack->to, v);
}

static void pack_double(Pack *pack) {
        double v = va_arg(pack->ap, double);

        if (pack->error == 0)
                cbor_put_double(pack->to, v);
}

static void pack_item(Pack *pack, bool give) {
        bool nullable = pack_option(pack, '?');
        json_t *value = va_arg(pack->ap, json_t *);
        int r;

        if (!value && !nullable)
                pack_fail(pack, -EINVAL);

        if (pack->error == 0 && value) {
                r = value_to_cbor(value, pack->to);
                if (r < 0)
                        pack_fail(pack, r);
                pack->values = true;
        } else if (pack->error == 0) {
                cbor_put_null(pack->to);
        }

        if (give)
                json_decref(value);
}

static void pack_any(Pack *pack) {
        if (!pack->pattern)
                pack->wrong = true;
        else if (pack->error == 0)
                buf_putc(pack->to, PATTERN_ANY);
}

/* Puts the length where room for one octet was left. */
static void pack_head(Pack *pack, size_t at, unsigned major, uint64_t n) {
        uint8_t head[CBOR_HEAD_MAX];
        size_t size = cbor_head(head, major, n), behind;

        if (pack->error < 0 || buf_error(pack->to) < 0)
                return;

        behind = pack->to->len - at - 1;
        if (size > 1 && !buf_extend(pack->to, size - 1))
                return;

        memmove(pack->to->data + at + size, pack->to->data + at + 1, behind);
        memcpy(pack->to->data + at, head, size);
}

static void pack_nested(Pack *pack, char close) {
        size_t at = pack->to ? pack->to->len : 0;
        uint64_t n;

        if (++pack->nesting > NESTING_MAX) {
                pack->wrong = true;
                return;
        }

        if (pack->error == 0)
                buf_putc(pack->to, 0);
        pack_items(pack, close, &n);
        pack->nesting--;
        if (!pack->wrong)
                pack_head(pack, at, close == ']' ? CBOR_MAJOR_ARRAY : CBOR_MAJOR_MAP, n);
}

static void pack_value(Pack *pack) {
        switch (*pack->p++) {
        case 's':
                pack_string(pack, /* is_key= */ false);
                break;
        case 'b':
                pack_bool(pack);
                break;
        case 'n':
                if (pack->error == 0)
                        cbor_put_null(pack->to);
                break;
        case 'i':
                pack_integer(pack, /* is_long= */ false);
                break;
        case 'I':
                pack_integer(pack, /* is_long= */ true);
                break;
        case 'f':
                pack_double(pack);
                break;
        case 'o':
                pack_item(pack, /* give= */ true);
                break;
        case 'O':
                pack_item(pack, /* give= */ false);
                break;
        case '_':
                pack_any(pack);
                break;
        case '[':
                pack_nested(pack, ']');
                break;
        case '{':
                pack_nested(pack, '}');
                break;
        default:
                pack->wrong = true;
        }
}

/* Up to the closing bracket: elements, or pairs. */
static void pack_items(Pack *pack, char close, uint64_t *ret_n) {
        uint64_t n = 0;

        for (;;) {
                skip_space(pack);
                if (*pack->p == close)
                        break;

                if (close == '}') {
                        if (*pack->p != 's') {
                                pack->wrong = true;
                                return;
                        }
                        pack->p++;
                        pack_string(pack, /* is_key= */ true);
                        skip_space(pack);
                }

                pack_value(pack);
                if (pack->wrong)
                        return;
                n++;
        }

        pack->p++;
        *ret_n = n;
}

static void pack_all(Pack *pack, uint64_t *ret_n) {
        skip_space(pack);
        if (*pack->p++ != '[') {
                pack->wrong = true;
                return;
        }

        pack_items(pack, ']', ret_n);
        if (pack->wrong)
                return;

        skip_space(pack);
        if (*pack->p)
                pack->wrong = true;
}

static int pack_format(Pack *p, Content *ret, va_list ap) {
        Content content = CONTENT_EMPTY;
        int r;

        if (p->error == 0)
                buf_reset(p->to);

        va_copy(p->ap, ap);
        pack_all(p, &content.n);
        va_end(p->ap);

        if (p->error < 0)
                return p->error;
        if (p->wrong)
                return -EINVAL;
        if (buf_error(p->to) < 0)
                return buf_error(p->to);

        content.data = p->to->data;
        content.size = p->to->len;
        if (p->values) {
                r = content_check(&content);
                if (r < 0)
                        return r;
        }

        *ret = content;
        return 0;
}

int pack(int r, Buf *to, Content *ret, const char *format, va_list ap) {
        Pack p = {.to = to, .p = format ?: "[]", .error = r < 0 ? r : 0};

        return pack_format(&p, ret, ap);
}

int pack_pattern(int r, Buf *to, Content *ret, const char *format, va_list ap) {
        Pack p = {.to = to, .p = format ?: "[]", .error = r < 0 ? r : 0, .pattern = true};

        return pack_format(&p, ret, ap);
}

int pack_json(Buf *to, Content *ret, json_t *array) {
        Content content;
        json_t *value;
        size_t i;
        int r;

        if (!json_is_array(array))
                return -EINVAL;

        buf_reset(to);
        json_array_foreach(array, i, value) {
                r = value_to_cbor(value, to);
                if (r < 0)
                        return r;
        }

        content = (Content){json_array_size(array), to->data, to->len};
        r = content_check(&content);
        if (r < 0)
                return r;

        *ret = content;
        return 0;
}

/* Nearly all content is short strings and numbers. Those at p, at most n: returns how many, with *ret behind
 * them. */
static uint64_t simple_prefix(const Content *content, const uint8_t **ret) {
        const uint8_t *p = content->data, *end = p + content->size;
        uint64_t n = 0;

        for (; n < content->n && p < end; n++) {
                size_t size;
                uint8_t head = *p;

                if (head < 0x18 || (head >= 0x20 && head < 0x38) || (head >= 0xf4 && head <= 0xf6))
                        size = 1;
                else if (head >= 0x40 && head < 0x58)
                        size = 1 + (head & 0x1fU);
                else if (head >= 0x60 && head < 0x78)
                        size = 1 + (head & 0x1fU);
                else if ((head == 0x58 || head == 0x78) && end - p > 1)
                        size = 2 + (size_t) p[1];
                else
                        break;

                if ((size_t) (end - p) < size)
                        break;
                p += size;
        }

        *ret = p;
        return n;
}

int content_check(const Content *content) {
        uint8_t head[CBOR_HEAD_MAX];
        const uint8_t *p;
        CborScan scan;
        size_t used;
        int r;

        if (content->size > 0 && simple_prefix(content, &p) == content->n &&
                p == content->data + content->size)
                return 0;

        /* As it will be in a message, which is one level deeper. */
        cbor_scan_init(&scan, SIZE_MAX);
        r = cbor_scan(&scan, head, cbor_head(head, CBOR_MAJOR_ARRAY, content->n), &used);
        if (r < 0)
                return r;
        if (r > 0)
                return content->size == 0 ? 0 : -EBADMSG;

        r = cbor_scan(&scan, content->data, content->size, &used);
        if (r < 0)
                return r;
        return r > 0 && used == content->size ? 0 : -EBADMSG;
}
