/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets that claim to be CBOR
 *
 * Octets 0 and 1: how the rest is cut into chunks.
 */

#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "wire/json.h"
#include "wire/msg.h"
#include "wire/value.h"

typedef struct Result {
        int r;
        size_t len;
        bool odd;
} Result;

static Result scan(const uint8_t *data, size_t size, size_t max, Cuts cuts) {
        Result result = {0};
        CborScan state;

        cbor_scan_init(&state, max);
        for (size_t at = 0, n; at < size; at += n) {
                size_t used = 0;

                n = cuts_chunk(cuts, at, size);
                result.r = cbor_scan(&state, data + at, n, &used);
                if (result.r < 0)
                        return result;
                must(used <= n && (result.r > 0 || used == n));
                if (result.r > 0) {
                        result.len = at + used;
                        result.odd = state.odd;
                        must(result.len <= max);
                        return result;
                }
        }

        return result;
}

static Result check_cuts(const uint8_t *data, size_t size, size_t max, Cuts cuts) {
        Result whole = scan(data, size, max, CUTS_NONE), pieces = scan(data, size, max, cuts);

        must(whole.r == pieces.r && whole.len == pieces.len && whole.odd == pieces.odd);
        return whole;
}

/* A whole item and nothing else. */
static void must_be_item(const Buf *buf) {
        bool odd;
        size_t len = 0;

        must(buf_error(buf) == 0);
        must(cbor_check(buf->data, buf->len, SIZE_MAX, &len, &odd) == 0);
        must(len == buf->len);
}

static void fuzz_clean(const uint8_t *p, size_t n, bool odd) {
        _cleanup_buf_ Buf clean = BUF_INIT, again = BUF_INIT;

        cbor_clean(&clean, p, n);
        must_be_item(&clean);
        must(odd || str_equal(buf_str(&clean), (Str){(const char *) p, n}));
        cbor_clean(&again, clean.data, clean.len);
        must(buf_equal(&clean, &again));
}

/* To JSON, back, and again: from then on nothing changes. */
static void fuzz_json(const uint8_t *p, size_t n) {
        _cleanup_buf_ Buf text = BUF_INIT, item = BUF_INIT, text2 = BUF_INIT, item2 = BUF_INIT,
                          text3 = BUF_INIT;
        json_error_t error;
        json_t *value;

        must(json_from_cbor(p, n, &text) == 0);
        must(json_to_cbor(text.data, text.len, &item) == 0);
        must_be_item(&item);
        must(json_from_cbor(item.data, item.len, &text2) == 0);
        must(json_to_cbor(text2.data, text2.len, &item2) == 0);
        must(json_from_cbor(item2.data, item2.len, &text3) == 0);
        must(buf_equal(&item, &item2));
        must(buf_equal(&text2, &text3));

        value = json_loadb((char *) text.data, text.len,
                JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
        must(value || json_error_code(&error) == json_error_null_byte_in_key);
        json_decref(value);
}

static void fuzz_value(const uint8_t *p, size_t n) {
        _cleanup_buf_ Buf item = BUF_INIT, item2 = BUF_INIT;
        CborCursor c = cbor_cursor(p, n);
        json_t *value, *value2;

        must(value_from_cbor(&c, &value) == 0);
        must(c.p == p + n);
        must(value_to_cbor(value, &item) == 0);
        must_be_item(&item);

        c = cbor_cursor(item.data, item.len);
        must(value_from_cbor(&c, &value2) == 0);
        must(value_to_cbor(value2, &item2) == 0);
        must(buf_equal(&item, &item2));
        json_decref(value);
        json_decref(value2);
}

static void fuzz_msg(const uint8_t *p, size_t n) {
        _cleanup_buf_ Buf scratch = BUF_INIT, written = BUF_INIT;
        Msg msg, again;
        int r;

        r = msg_parse(&msg, p, n, &scratch);
        must(r == 1 || r == 0 || r == -EBADMSG);
        if (r <= 0)
                return;

        must(buf_extend(&written, msg_size_max(msg.to, msg.tail_len)));
        written.len = msg_write(written.data, msg.to, msg.n, msg.tail, msg.tail_len);
        must(msg_parse(&again, written.data, written.len, &scratch) == 1);
        must(str_equal(msg.to, again.to) && msg.n == again.n);
        must(str_equal((Str){(const char *) msg.tail, msg.tail_len},
                (Str){(const char *) again.tail, again.tail_len}));
}

/* Every reader at every place, whatever stands there: of interest to the address sanitizer. */
static void fuzz_readers(const uint8_t *p, size_t n) {
        _cleanup_buf_ Buf scratch = BUF_INIT;

        for (size_t at = 0; at <= n && at < 64; at++) {
                const CborCursor begin = cbor_cursor(p + at, n - at);
                CborCursor c;
                uint64_t v;
                double d;
                bool b;
                Str s;

#define READ(call) \
        c = begin; \
        must((call) == 0 || c.p == begin.p); \
        must(c.p >= begin.p && c.p <= begin.end)

                READ(cbor_read_uint(&c, &v));
                READ(cbor_read_double(&c, &d));
                READ(cbor_read_bool(&c, &b));
                READ(cbor_read_tag(&c, &v));
                READ(cbor_read_array(&c, &v));
                READ(cbor_read_map(&c, &v));
                READ(cbor_read_str(&c, &scratch, &s));
                READ(cbor_read_str_or_null(&c, &scratch, &s));
                READ(cbor_skip(&c));
                c = begin;
                (void) cbor_read_end(&c);
                must(c.p <= begin.end);
        }
}

/* What was not checked has no meaning, but does no harm. */
static void fuzz_unchecked(const uint8_t *p, size_t n) {
        _cleanup_buf_ Buf out = BUF_INIT;
        CborCursor c = cbor_cursor(p, n);
        json_t *value;

        (void) json_from_cbor(p, n, &out);
        cbor_clean(&out, p, n);
        if (value_from_cbor(&c, &value) == 0)
                json_decref(value);
        (void) msg_parse(&(Msg){0}, p, n, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Cuts cuts = cuts_take(&data, &size);
        Result item;

        item = check_cuts(data, size, SIZE_MAX, cuts);
        (void) check_cuts(data, size, size / 2, cuts);
        (void) check_cuts(data, size, size, cuts);
        fuzz_frames(FRAMING_CBOR, size, data, size, cuts);
        fuzz_frames(FRAMING_CBOR, 16 * 1024 * 1024, data, size, cuts);
        fuzz_readers(data, size);
        fuzz_unchecked(data, size);

        if (item.r > 0) {
                fuzz_clean(data, item.len, item.odd);
                fuzz_json(data, item.len);
                fuzz_value(data, item.len);
                fuzz_msg(data, item.len);
        }
        return 0;
}
