/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Elements into variables, by a format string
 *
 * The grammar is jansson's, but no tree is made: each character reads its octets where they are. A key of a
 * map is looked for each time from the map's beginning; maps in messages are small.
 *
 * An optional key that isn't there leaves a format to walk over without reading: then the cursor is NULL.
 */

#include <errno.h>
#include <jansson.h>
#include <limits.h>

#include "libclient/aemp.h"
#include "libclient/message.h"
#include "libclient/read.h"
#include "wire/value.h"

#define NESTING_MAX 64

typedef struct Unpack {
        aemp_msg *msg;
        const char *format;
        const char *p;
        va_list ap;
        unsigned nesting;
        uint64_t element; /* of the message, for the error's text */
} Unpack;

typedef struct Items {
        CborCursor *c; /* NULL: there are none, only their format */
        uint64_t left; /* or CBOR_INDEFINITE */
} Items;

static int unpack_value(Unpack *u, CborCursor *c);

static void skip_space(Unpack *u) {
        while (*u->p == ',' || *u->p == ' ' || *u->p == ':' || *u->p == '\t' || *u->p == '\n')
                u->p++;
}

static bool unpack_option(Unpack *u, char c) {
        if (*u->p != c)
                return false;

        u->p++;
        return true;
}

static int mismatch(Unpack *u, const char *what) {
        if (u->msg->context)
                context_fail(u->msg->context, -EBADMSG, "message is not %s: element %llu %s", u->format,
                        (unsigned long long) u->element, what);
        return -EBADMSG;
}

static int settle(Unpack *u, int r, const char *what) {
        return r == -EBADMSG ? mismatch(u, what) : r;
}

static void give_length(Unpack *u, char mark, size_t n, bool write) {
        if (mark == '%') {
                size_t *ret = va_arg(u->ap, size_t *);

                if (ret && write)
                        *ret = n;
        } else if (mark == '#') {
                int *ret = va_arg(u->ap, int *);

                if (ret && write)
                        *ret = n > INT_MAX ? INT_MAX : (int) n;
        }
}

static char unpack_mark(Unpack *u) {
        return *u->p == '#' || *u->p == '%' ? *u->p++ : '\0';
}

static int unpack_string(Unpack *u, CborCursor *c) {
        char mark = unpack_mark(u);
        bool nullable = unpack_option(u, '?');
        const char **ret = va_arg(u->ap, const char **);
        const char *s = NULL;
        size_t n = 0;
        int r = 0;

        if (c && !(nullable && read_null(c) >= 0)) {
                r = read_str(u->msg, c, &s, &n);
                if (r >= 0 && !mark && strlen(s) != n)
                        return mismatch(u, "has a NUL in it");
                if (r < 0)
                        return settle(u, r, "is no string");
        }

        if (c && ret)
                *ret = s;
        give_length(u, mark, n, !!c);
        return 0;
}

static int unpack_octets(Unpack *u, CborCursor *c, char mark) {
        const void **ret = va_arg(u->ap, const void **);
        const void *p = NULL;
        size_t n = 0;
        int r;

        if (c) {
                r = read_octets(u->msg, c, &p, &n);
                if (r < 0)
                        return settle(u, r, "is no string of octets");
                if (ret)
                        *ret = p;
        }

        give_length(u, mark, n, !!c);
        return 0;
}

static int unpack_bool(Unpack *u, CborCursor *c) {
        char mark = unpack_mark(u);
        bool v;
        int *ret;

        if (mark)
                return unpack_octets(u, c, mark);

        ret = va_arg(u->ap, int *);
        if (!c)
                return 0;
        if (cbor_read_bool(c, &v) < 0)
                return mismatch(u, "is no boolean");
        if (ret)
                *ret = v;
        return 0;
}

static int unpack_int(Unpack *u, CborCursor *c) {
        int *ret = va_arg(u->ap, int *);
        int64_t v;

        if (!c)
                return 0;
        if (read_int(u->msg, c, &v) < 0 || v < INT_MIN || v > INT_MAX)
                return mismatch(u, "is no integer that fits");
        if (ret)
                *ret = (int) v;
        return 0;
}

static int unpack_long(Unpack *u, CborCursor *c) {
        long long *ret = va_arg(u->ap, long long *);
        int64_t v;

        if (!c)
                return 0;
        if (read_int(u->msg, c, &v) < 0)
                return mismatch(u, "is no integer that fits");
        if (ret)
                *ret = v;
        return 0;
}

static int unpack_double(Unpack *u, CborCursor *c) {
        double *ret = va_arg(u->ap, double *);
        double v;

        if (!c)
                return 0;
        if (cbor_read_double(c, &v) < 0)
                return mismatch(u, "is no number");
        if (ret)
                *ret = v;
        return 0;
}

static int unpack_json(Unpack *u, CborCursor *c, bool keep) {
        json_t **ret = va_arg(u->ap, json_t **);
        json_t *value;
        int r;

        if (!c)
                return 0;
        if (!ret)
                return settle(u, cbor_skip(c), "is nothing");

        r = value_from_cbor(c, &value);
        if (r < 0)
                return settle(u, r, "is no value");

        if (!keep) {
                r = message_own(u->msg, value);
                json_decref(value);
                if (r < 0)
                        return r;
        }

        *ret = value;
        return 0;
}

static bool items_end(const Items *items) {
        if (!items->c)
                return false;

        return items->left == CBOR_INDEFINITE ? cbor_peek(items->c) == CBOR_END : items->left == 0;
}

/* After the format's items: whether there may be more, and the way past them. */
static int items_close(Unpack *u, Items *items, bool strict) {
        while (!items_end(items)) {
                if (!items->c)
                        return 0;
                if (strict)
                        return mismatch(u, "is one too many");
                if (cbor_skip(items->c) < 0)
                        return mismatch(u, "is malformed");
                if (items->left != CBOR_INDEFINITE)
                        items->left--;
        }

        if (items->left == CBOR_INDEFINITE)
                (void) cbor_read_end(items->c);
        return 0;
}

/* "*" and "!", which stand before the closing bracket only. */
static int unpack_ending(Unpack *u, char close, bool *ret_strict) {
        *ret_strict = unpack_option(u, '!');
        if (!*ret_strict)
                (void) unpack_option(u, '*');

        skip_space(u);
        return unpack_option(u, close) ? 0 : -EINVAL;
}

static bool at_ending(Unpack *u) {
        skip_space(u);
        return *u->p == '*' || *u->p == '!' || *u->p == ']' || *u->p == '}';
}

static int unpack_items(Unpack *u, Items *items) {
        bool strict, outermost = u->nesting == 0;
        int r;

        u->nesting++;
        while (!at_ending(u)) {
                if (items_end(items))
                        return mismatch(u, "is missing");

                r = unpack_value(u, items->c);
                if (r < 0)
                        return r;
                if (items->c && items->left != CBOR_INDEFINITE)
                        items->left--;
                if (outermost)
                        u->element++;
        }
        u->nesting--;

        r = unpack_ending(u, ']', &strict);
        if (r < 0)
                return r;
        return items_close(u, items, strict);
}

static int unpack_array(Unpack *u, CborCursor *c) {
        Items items = {.c = c};

        if (c && read_tags(c) >= 0 && cbor_read_array(c, &items.left) < 0)
                return mismatch(u, "is no array");
        return unpack_items(u, &items);
}

/* One "key: format" of a map, whose octets `map` has. Returns 1 when the key was there. */
static int unpack_pair(Unpack *u, const CborCursor *map) {
        CborCursor value = {0};
        bool optional, found = false;
        const char *key;
        int r;

        if (!unpack_option(u, 's'))
                return -EINVAL;
        optional = unpack_option(u, '?');
        key = va_arg(u->ap, const char *);
        if (!key)
                return -EINVAL;

        if (map) {
                r = read_map_find(u->msg, *map, str_from(key), &value);
                if (r < 0)
                        return settle(u, r, "is malformed");
                found = r > 0;
                if (!found && !optional) {
                        char what[64];

                        (void) snprintf(what, sizeof(what), "has no key %.40s", key);
                        return mismatch(u, what);
                }
        }

        skip_space(u);
        r = unpack_value(u, found ? &value : NULL);
        return r < 0 ? r : found;
}

static int unpack_map(Unpack *u, CborCursor *c) {
        CborCursor map = c ? *c : (CborCursor){0};
        uint64_t found = 0;
        bool strict;
        int r;

        if (c && (read_tags(&map) < 0 || cbor_peek(&map) != CBOR_MAP || cbor_skip(c) < 0))
                return mismatch(u, "is no map");

        u->nesting++;
        while (!at_ending(u)) {
                r = unpack_pair(u, c ? &map : NULL);
                if (r < 0)
                        return r;
                found += (uint64_t) r;
        }
        u->nesting--;

        r = unpack_ending(u, '}', &strict);
        if (r < 0)
                return r;
        if (c && strict && read_map_count(map) != found)
                return mismatch(u, "has a key too many");
        return 0;
}

static int unpack_value(Unpack *u, CborCursor *c) {
        if (u->nesting > NESTING_MAX)
                return -EINVAL;
        if (c && read_tags(c) < 0)
                return mismatch(u, "is malformed");

        switch (*u->p++) {
        case 's':
                return unpack_string(u, c);
        case 'b':
                return unpack_bool(u, c);
        case 'n':
                return !c || read_null(c) >= 0 ? 0 : mismatch(u, "is not null");
        case 'i':
                return unpack_int(u, c);
        case 'I':
                return unpack_long(u, c);
        case 'f':
                return unpack_double(u, c);
        case 'o':
                return unpack_json(u, c, /* keep= */ false);
        case 'O':
                return unpack_json(u, c, /* keep= */ true);
        case '[':
                return unpack_array(u, c);
        case '{':
                return unpack_map(u, c);
        default:
                return -EINVAL;
        }
}

int aemp_msg_unpackv(aemp_msg *msg, const char *format, va_list ap) {
        Unpack u = {.msg = msg, .format = format, .p = format};
        CborCursor c;
        Items items;
        int r;

        if (!msg || !format)
                return -EINVAL;

        skip_space(&u);
        if (!unpack_option(&u, '['))
                return -EINVAL;

        c = cbor_cursor(msg->content.data, msg->content.size);
        items = (Items){&c, msg->content.n};
        va_copy(u.ap, ap);
        r = unpack_items(&u, &items);
        va_end(u.ap);
        if (r < 0)
                return r;

        skip_space(&u);
        return *u.p ? -EINVAL : 0;
}

int aemp_msg_unpack(aemp_msg *msg, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_msg_unpackv(msg, format, ap);
        va_end(ap);
        return r;
}
