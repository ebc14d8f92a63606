/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * CBOR as jansson values
 */

#include "wire/value.h"

#include <errno.h>
#include <math.h>

#include "wire/cbor-head.h"
#include "wire/id.h"
#include "wire/json-lex.h"
#include "wire/utf8.h"

static int put_value(json_t *value, Buf *to, unsigned depth);

static int put_array(json_t *value, Buf *to, unsigned depth) {
        json_t *element;
        size_t i;
        int r;

        cbor_put_array(to, json_array_size(value));
        json_array_foreach(value, i, element) {
                r = put_value(element, to, depth);
                if (r < 0)
                        return r;
        }

        return buf_error(to);
}

static int put_object(json_t *value, Buf *to, unsigned depth) {
        json_t *element;
        const char *key;
        size_t key_len;
        int r;

        cbor_put_map(to, json_object_size(value));
        json_object_keylen_foreach(value, key, key_len, element) {
                cbor_put_str(to, (Str){key, key_len});
                r = put_value(element, to, depth);
                if (r < 0)
                        return r;
        }

        return buf_error(to);
}

static int put_value(json_t *value, Buf *to, unsigned depth) {
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                return depth == CBOR_DEPTH_MAX ? -ELOOP : put_object(value, to, depth + 1);
        case JSON_ARRAY:
                return depth == CBOR_DEPTH_MAX ? -ELOOP : put_array(value, to, depth + 1);
        case JSON_STRING:
                cbor_put_str(to, (Str){json_string_value(value), json_string_length(value)});
                break;
        case JSON_INTEGER:
                cbor_put_int(to, json_integer_value(value));
                break;
        case JSON_REAL:
                cbor_put_double(to, json_real_value(value));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                cbor_put_bool(to, json_is_true(value));
                break;
        case JSON_NULL:
                cbor_put_null(to);
        }

        return buf_error(to);
}

int value_to_cbor(json_t *value, Buf *to) {
        return value ? put_value(value, to, 0) : -EINVAL;
}

/* --- and back --------------------------------------------------------------------------------------- */

static int take_value(CborCursor *c, unsigned depth, json_t **ret);

/* Gives a new value away, or says why there is none. */
static int give(json_t *value, json_t **ret) {
        if (!value)
                return -ENOMEM;

        *ret = value;
        return 0;
}

/* Jansson has no integers outside of 64 bits with a sign. */
static int take_integer(CborCursor *c, json_t **ret) {
        CborCursor at = *c;
        CborHead head;
        double d;
        int r;

        if (cbor_head_take(&at.p, at.end, &head) > 0 && head.value <= INT64_MAX) {
                *c = at;
                return give(json_integer(
                                    (json_int_t) (head.major == CBOR_MAJOR_NINT ? ~head.value : head.value)),
                        ret);
        }

        r = cbor_read_double(c, &d);
        return r < 0 ? r : give(json_real(d), ret);
}

static int take_double(CborCursor *c, json_t **ret) {
        double d;
        int r;

        r = cbor_read_double(c, &d);
        return r < 0 ? r : give(isfinite(d) ? json_real(d) : json_null(), ret);
}

static int take_string(CborCursor *c, json_t **ret) {
        _cleanup_buf_ Buf scratch = BUF_INIT, repaired = BUF_INIT;
        Str s;
        int r;

        r = cbor_read_str(c, &scratch, &s);
        if (r < 0)
                return r;

        if (!utf8_is_valid(s)) {
                utf8_put(&repaired, s);
                if (buf_error(&repaired) < 0)
                        return buf_error(&repaired);
                s = buf_str(&repaired);
        }

        return give(json_stringn_nocheck(s.p, s.n), ret);
}

static bool more(CborCursor *c, uint64_t n, uint64_t i) {
        return n == CBOR_INDEFINITE ? !cbor_read_end(c) : i < n;
}

static int take_array(CborCursor *c, unsigned depth, json_t *array) {
        uint64_t n;
        int r;

        r = cbor_read_array(c, &n);
        if (r < 0)
                return r;

        for (uint64_t i = 0; more(c, n, i); i++) {
                json_t *element;

                r = take_value(c, depth, &element);
                if (r < 0)
                        return r;
                if (json_array_append_new(array, element) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int take_map(CborCursor *c, unsigned depth, json_t *object) {
        _cleanup_buf_ Buf key = BUF_INIT;
        uint64_t n;
        int r;

        r = cbor_read_map(c, &n);
        if (r < 0)
                return r;

        for (uint64_t i = 0; more(c, n, i); i++) {
                json_t *element;

                buf_reset(&key);
                r = json_key_from_cbor(c, &key);
                if (r < 0)
                        return r;
                r = take_value(c, depth, &element);
                if (r < 0)
                        return r;
                if (json_object_setn_new_nocheck(
                            object, key.data ? (char *) key.data : "", key.len, element) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int take_level(CborCursor *c, unsigned depth, bool map, json_t **ret) {
        json_t *level;
        int r;

        if (depth == CBOR_DEPTH_MAX)
                return -ELOOP;

        level = map ? json_object() : json_array();
        if (!level)
                return -ENOMEM;

        r = map ? take_map(c, depth + 1, level) : take_array(c, depth + 1, level);
        if (r < 0) {
                json_decref(level);
                return r;
        }

        *ret = level;
        return 0;
}

static int take_value(CborCursor *c, unsigned depth, json_t **ret) {
        CborType type;

        while ((type = cbor_peek(c)) == CBOR_TAG) {
                uint64_t tag;
                int r;

                r = cbor_read_tag(c, &tag);
                if (r < 0)
                        return r;
        }

        switch (type) {
        case CBOR_UINT:
        case CBOR_NINT:
                return take_integer(c, ret);
        case CBOR_BYTES:
        case CBOR_TEXT:
                return take_string(c, ret);
        case CBOR_DOUBLE:
                return take_double(c, ret);
        case CBOR_ARRAY:
        case CBOR_MAP:
                return take_level(c, depth, type == CBOR_MAP, ret);
        default:
                if (cbor_skip(c) < 0)
                        return -EBADMSG;
                return give(type == CBOR_TRUE        ? json_true()
                                : type == CBOR_FALSE ? json_false()
                                                     : json_null(),
                        ret);
        }
}

int value_from_cbor(CborCursor *c, json_t **ret) {
        CborCursor at = *c;
        int r;

        r = take_value(&at, 0, ret);
        if (r >= 0)
                *c = at;
        return r;
}
