/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the reference implementation wrote
 *
 * Every message of tests/interop/vectors: its octets mean what is written beside them, that means the same
 * when it was encoded here, and no chunk boundary changes anything.
 */

#include <glob.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/frame.h"
#include "wire/json.h"
#include "wire/msg.h"
#include "wire/value.h"

#define MAX (1024 * 1024)

static bool same(json_t *a, json_t *b);

static bool same_objects(json_t *a, json_t *b) {
        json_t *element;
        const char *key;

        json_object_foreach(a, key, element) if (!same(element, json_object_get(b, key))) return false;

        return json_object_size(a) == json_object_size(b);
}

/* Equal, with numbers as numbers: the vectors have some that jansson has no integer for. */
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

static void check_same(json_t *a, json_t *b) {
        if (!same(a, b))
                test_fail(__FILE__, __LINE__, "got %s, expected %s", json_dumps(a, JSON_ENCODE_ANY),
                        json_dumps(b, JSON_ENCODE_ANY));
}

static json_t *load(const char *path) {
        json_error_t error;
        json_t *root;

        root = json_load_file(path, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
        if (!root)
                test_fail(path, error.line, "%s", error.text);
        return root;
}

/* The octets of a message, and the framing they are in. */
static Framing octets_of(json_t *message, Buf *to) {
        json_t *hex = json_object_get(message, "hex"), *text = json_object_get(message, "text");
        Hex octets;

        if (!hex) {
                buf_put(to, json_string_value(text), json_string_length(text));
                return FRAMING_JSON;
        }

        hex_init(&octets, json_string_value(hex));
        buf_put_str(to, hex_str(&octets));
        return FRAMING_CBOR;
}

static void each_file(void (*fn)(json_t *root)) {
        glob_t paths;

        check_int(glob(VECTORS "/*.json", 0, NULL, &paths), ==, 0);
        check_int(paths.gl_pathc, >=, 10);
        for (size_t i = 0; i < paths.gl_pathc; i++) {
                json_t *root = load(paths.gl_pathv[i]);

                fn(root);
                json_decref(root);
        }
        globfree(&paths);
}

/* --- single messages -------------------------------------------------------------------------------- */

static json_t *decode(Framing framing, Str octets) {
        const uint8_t *p = (const uint8_t *) octets.p;
        size_t n = octets.n;
        FrameReader reader;
        json_t *value;
        CborCursor c;
        Frame frame;

        frame_reader_init(&reader, framing, MAX);
        check_int(frame_reader_next(&reader, &p, &n, &frame), ==, 1);
        check_int(n, ==, 0);
        c = cbor_cursor(frame.p, frame.len);
        check_int(value_from_cbor(&c, &value), ==, 0);
        frame_reader_deinit(&reader);
        return value;
}

/* A byte string that is the number of tag 2 or 3 means its characters here, and a number to whoever wrote
 * the vector. */
static bool is_bignum(json_t *message) {
        const char *note = json_string_value(json_object_get(message, "note"));
        const char *hex = json_string_value(json_object_get(message, "hex"));

        return (note && strcmp(note, "tag 2") == 0) || (hex && strstr(hex, "c249010000000000000000"));
}

static void check_decodes(json_t *root) {
        json_t *message;
        size_t i;

        json_array_foreach(json_object_get(root, "messages"), i, message) {
                _cleanup_buf_ Buf octets = BUF_INIT;
                Framing framing = octets_of(message, &octets);
                json_t *json = json_object_get(message, "json"), *value = decode(framing, buf_str(&octets));

                if (json && !is_bignum(message))
                        check_same(value, json);
                json_decref(value);
        }
}

TEST(octets_decode_to_json) {
        each_file(check_decodes);
}

static void check_encodes(json_t *root) {
        json_t *message;
        size_t i;

        json_array_foreach(json_object_get(root, "messages"), i, message) {
                _cleanup_buf_ Buf by_value = BUF_INIT, text = BUF_INIT;
                json_t *json = json_object_get(message, "json"), *value;

                if (!json)
                        continue;

                check_int(value_to_cbor(json, &by_value), ==, 0);
                value = decode(FRAMING_CBOR, buf_str(&by_value));
                check_same(value, json);
                json_decref(value);

                check_int(json_from_cbor(by_value.data, by_value.len, &text), ==, 0);
                value = decode(FRAMING_JSON, buf_str(&text));
                check_same(value, json);
                json_decref(value);
        }
}

TEST(json_encodes_to_the_same) {
        each_file(check_encodes);
}

static void check_parses(json_t *root) {
        json_t *message;
        size_t i;

        json_array_foreach(json_object_get(root, "messages"), i, message) {
                _cleanup_buf_ Buf octets = BUF_INIT, scratch = BUF_INIT;
                json_t *json = json_object_get(message, "json");
                Msg msg;

                if (!json || octets_of(message, &octets) != FRAMING_CBOR)
                        continue;

                check_int(msg_parse(&msg, octets.data, octets.len, &scratch), ==, 1);
                check_int(msg.n, ==, json_array_size(json) - 1);
                check_mem(msg.to.p, msg.to.n, json_string_value(json_array_get(json, 0)),
                        json_string_length(json_array_get(json, 0)));
        }
}

TEST(messages_parse) {
        each_file(check_parses);
}

/* --- streams ---------------------------------------------------------------------------------------- */

/* All frames of a stream that comes in two chunks, or octet by octet. */
static void frames_of(Framing framing, Str stream, size_t cut, size_t step, Buf *to) {
        FrameReader reader;
        size_t at = 0;

        frame_reader_init(&reader, framing, MAX);
        while (at < stream.n) {
                const uint8_t *p = (const uint8_t *) stream.p + at;
                size_t n = at < cut ? cut - at : stream.n - at < step ? stream.n - at : step;
                Frame frame;
                int r;

                at += n;
                while ((r = frame_reader_next(&reader, &p, &n, &frame)) > 0) {
                        cbor_put_uint(to, frame.len);
                        buf_put(to, frame.p, frame.len);
                }
                check_int(r, ==, 0);
        }
        check(!frame_reader_is_partial(&reader));
        frame_reader_deinit(&reader);
}

static void check_stream(Framing framing, Str stream) {
        _cleanup_buf_ Buf whole = BUF_INIT, got = BUF_INIT;

        frames_of(framing, stream, 0, stream.n, &whole);
        for (size_t cut = 1; cut < stream.n; cut++) {
                buf_reset(&got);
                frames_of(framing, stream, cut, stream.n, &got);
                check_mem(got.data, got.len, whole.data, whole.len);
        }
        buf_reset(&got);
        frames_of(framing, stream, 0, 1, &got);
        check_mem(got.data, got.len, whole.data, whole.len);
}

static void check_boundaries(json_t *root) {
        Buf streams[_FRAMING_MAX] = {BUF_INIT, BUF_INIT};
        json_t *message;
        size_t i;

        json_array_foreach(json_object_get(root, "messages"), i, message) {
                _cleanup_buf_ Buf octets = BUF_INIT;
                Framing framing = octets_of(message, &octets);

                buf_put_str(&streams[framing], buf_str(&octets));
                check_stream(framing, buf_str(&octets));
        }

        for (Framing framing = 0; framing < _FRAMING_MAX; framing++) {
                check_stream(framing, buf_str(&streams[framing]));
                buf_deinit(&streams[framing]);
        }
}

TEST(boundaries_change_nothing) {
        each_file(check_boundaries);
}
