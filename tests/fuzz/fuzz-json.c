/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets that claim to be JSON
 *
 * Octets 0 and 1: how the rest is cut into chunks.
 */

#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "wire/json-lex.h"
#include "wire/json.h"
#include "wire/value.h"

typedef struct Result {
        int r;
        size_t len;
} Result;

static Result split(const uint8_t *data, size_t size, size_t max, Cuts cuts) {
        Result result = {0};
        JsonSplit state;

        json_split_init(&state, max);
        for (size_t at = 0, n; at < size; at += n) {
                size_t used = 0;

                n = cuts_chunk(cuts, at, size);
                result.r = json_split(&state, data + at, n, &used);
                if (result.r < 0)
                        return result;
                must(used <= n && (result.r > 0 || used == n));
                if (result.r > 0) {
                        result.len = at + used;
                        return result;
                }
        }

        return result;
}

static Result check_cuts(const uint8_t *data, size_t size, size_t max, Cuts cuts) {
        Result whole = split(data, size, max, CUTS_NONE), pieces = split(data, size, max, cuts);

        must(whole.r == pieces.r && whole.len == pieces.len);
        return whole;
}

static bool same(json_t *a, json_t *b);

static bool same_objects(json_t *a, json_t *b) {
        json_t *element;
        const char *key;
        size_t key_len;

        json_object_keylen_foreach(a, key, key_len,
                element) if (!same(element, json_object_getn(b, key, key_len))) return false;

        return json_object_size(a) == json_object_size(b);
}

/* Equal, with numbers as numbers. */
static bool same(json_t *a, json_t *b) {
        if (json_is_number(a) && json_is_number(b))
                return json_number_value(a) == json_number_value(b);
        if (json_is_object(a) && json_is_object(b))
                return same_objects(a, b);
        if (!json_is_array(a) || !json_is_array(b))
                return json_equal(a, b);

        for (size_t i = 0; i < json_array_size(a); i++)
                if (!same(json_array_get(a, i), json_array_get(b, i)))
                        return false;

        return json_array_size(a) == json_array_size(b);
}

/* What jansson accepts means the same here. A NUL after a number is white space to it, so those texts are
 * left out. */
static void fuzz_jansson(const uint8_t *text, size_t n, int r, const Buf *item) {
        CborCursor c = cbor_cursor(item->data, item->len);
        json_t *theirs, *ours;

        if (n > 0 && memchr(text, '\0', n))
                return;

        theirs = json_loadb(
                (const char *) text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
        if (!theirs)
                return;

        must(r == 0 || r == -ELOOP);
        if (r == 0) {
                must(value_from_cbor(&c, &ours) == 0);
                must(same(theirs, ours));
                json_decref(ours);
        }
        json_decref(theirs);
}

static void fuzz_round_trip(const Buf *item) {
        _cleanup_buf_ Buf text = BUF_INIT, item2 = BUF_INIT, text2 = BUF_INIT, item3 = BUF_INIT;
        bool odd = true;
        size_t len = 0;

        must(cbor_check(item->data, item->len, SIZE_MAX, &len, &odd) == 0);
        must(len == item->len && !odd);

        /* infinity gets lost on the way, the first time */
        must(json_from_cbor(item->data, item->len, &text) == 0);
        must(json_to_cbor(text.data, text.len, &item2) == 0);
        must(json_from_cbor(item2.data, item2.len, &text2) == 0);
        must(json_to_cbor(text2.data, text2.len, &item3) == 0);
        must(buf_equal(&text, &text2));
        must(buf_equal(&item2, &item3));
}

static bool is_level(const uint8_t *text, size_t n) {
        while (n > 0 && json_is_space(*text)) {
                text++;
                n--;
        }

        return n > 0 && (*text == '[' || *text == '{');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Cuts cuts = cuts_take(&data, &size);
        _cleanup_buf_ Buf item = BUF_INIT;
        Result text;
        int r;

        text = check_cuts(data, size, SIZE_MAX, cuts);
        (void) check_cuts(data, size, size / 2, cuts);
        (void) check_cuts(data, size, size, cuts);
        fuzz_frames(FRAMING_JSON, size, data, size, cuts);
        fuzz_frames(FRAMING_JSON, 16 * 1024 * 1024, data, size, cuts);

        r = json_to_cbor(data, size, &item);
        must(r == 0 || r == -EBADMSG || r == -ELOOP);
        must(r == 0 || item.len == 0);
        fuzz_jansson(data, size, r, &item);
        if (r == 0) {
                fuzz_round_trip(&item);
                /* the splitter sees the same end */
                must(!is_level(data, size) || text.r == 1);
                for (size_t i = text.len; text.r == 1 && i < size; i++)
                        must(json_is_space(data[i]));
        }
        return 0;
}
