/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * JSON to CBOR
 *
 * CBOR says how many elements follow before they do. So the text is read twice: the first time it is checked
 * and the elements of each array and object are counted, in the order in which these begin; the second time
 * nothing can go wrong any more but memory, and heads, strings and numbers are just written one after the
 * other, whatever brackets they are in.
 *
 * Numbers like inf and nan are no JSON, but some Perl nodes write them.
 */

#include <errno.h>
#include <strings.h>

#include "wire/cbor.h"
#include "wire/json-lex.h"
#include "wire/json.h"
#include "wire/number.h"
#include "wire/utf8.h"

/* What is being read. */
typedef struct Reader {
        const uint8_t *p;
        const uint8_t *end;
        Buf counts; /* a uint32_t for each array and object, in the order of their first brackets */
        Buf text;   /* of a string with escapes */
} Reader;

/* The arrays and objects that are open. */
typedef struct Nest {
        unsigned depth;
        struct {
                uint32_t index; /* in counts */
                uint8_t close;
        } open[CBOR_DEPTH_MAX];
} Nest;

/* --- words ------------------------------------------------------------------------------------------ */

static void skip_space(const uint8_t **p, const uint8_t *end) {
        while (*p < end && json_is_space(**p))
                (*p)++;
}

/* Four hex digits, or -1. */
static int hex4(const uint8_t *p, const uint8_t *end) {
        int v = 0;

        if (end - p < 4)
                return -1;

        for (int i = 0; i < 4; i++) {
                int digit = number_hex_digit((char) p[i]);

                if (digit < 0)
                        return -1;
                v = v << 4 | digit;
        }

        return v;
}

/* The character after a backslash, 0 when there can't be one; 'u' stands for itself. */
static uint8_t escaped(uint8_t c) {
        switch (c) {
        case '"':
        case '\\':
        case '/':
        case 'u':
                return c;
        case 'b':
                return '\b';
        case 'f':
                return '\f';
        case 'n':
                return '\n';
        case 'r':
                return '\r';
        case 't':
                return '\t';
        default:
                return 0;
        }
}

static bool is_surrogate(int c, int first) {
        return c >= first && c < first + 0x400;
}

/* Takes what follows "\u": a surrogate pair is one character, a lone surrogate is U+FFFD. */
static uint32_t take_unicode(const uint8_t **p, const uint8_t *end) {
        int c = hex4(*p, end), low;

        *p += 4;
        if (is_surrogate(c, 0xdc00))
                return 0xfffd;
        if (!is_surrogate(c, 0xd800))
                return (uint32_t) c;

        low = end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' ? hex4(*p + 2, end) : -1;
        if (!is_surrogate(low, 0xdc00))
                return 0xfffd;

        *p += 6;
        return 0x10000 + ((uint32_t) (c - 0xd800) << 10) + (uint32_t) (low - 0xdc00);
}

/* Takes a string, whose first quote is at p, and checks it: 0 or -EBADMSG. */
static int check_string(Reader *reader) {
        const uint8_t *p = reader->p + 1, *end = reader->end;

        for (; (p = json_skip_plain(p, end)) < end && *p >= 0x20; p++) {
                if (*p == '"') {
                        reader->p = p + 1;
                        return 0;
                }
                if (*p != '\\')
                        continue;

                p++;
                if (p == end || !escaped(*p))
                        return -EBADMSG;
                if (*p == 'u') {
                        if (hex4(p + 1, end) < 0)
                                return -EBADMSG;
                        p += 4;
                }
        }

        return -EBADMSG;
}

typedef enum Word {
        WORD_NONE,
        WORD_NULL,
        WORD_TRUE,
        WORD_FALSE,
} Word;

static Word take_word(Reader *reader) {
        static const struct {
                const char *text;
                Word word;
                bool any_case;
        } words[] = {
                {"null", WORD_NULL, false},
                {"true", WORD_TRUE, false},
                {"false", WORD_FALSE, false},
                {"infinity", WORD_NULL, true},
                {"inf", WORD_NULL, true},
                {"-infinity", WORD_NULL, true},
                {"-inf", WORD_NULL, true},
                {"nan", WORD_NULL, true},
                {"-nan", WORD_NULL, true},
        };
        size_t left = (size_t) (reader->end - reader->p);

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                const char *text = words[i].text, *at = (const char *) reader->p;
                size_t n = strlen(text);

                if (left < n || (words[i].any_case ? strncasecmp(at, text, n) : memcmp(at, text, n)) != 0)
                        continue;

                reader->p += n;
                return words[i].word;
        }

        return WORD_NONE;
}

static Str rest(const Reader *reader) {
        return (Str){(const char *) reader->p, (size_t) (reader->end - reader->p)};
}

/* --- first time: check and count -------------------------------------------------------------------- */

static int check_scalar(Reader *reader) {
        bool integer;
        size_t n;

        if (*reader->p == '"')
                return check_string(reader);

        n = number_span(rest(reader), &integer);
        reader->p += n;
        return n > 0 || take_word(reader) != WORD_NONE ? 0 : -EBADMSG;
}

/* Takes this character and the white space before it. */
static bool take_char(Reader *reader, uint8_t c) {
        skip_space(&reader->p, reader->end);
        if (reader->p == reader->end || *reader->p != c)
                return false;

        reader->p++;
        return true;
}

static int check_key(Reader *reader) {
        int r;

        skip_space(&reader->p, reader->end);
        if (reader->p == reader->end || *reader->p != '"')
                return -EBADMSG;

        r = check_string(reader);
        if (r < 0)
                return r;

        return take_char(reader, ':') ? 0 : -EBADMSG;
}

static int check_open(Reader *reader, Nest *nest) {
        uint32_t *count;

        if (nest->depth == CBOR_DEPTH_MAX)
                return -ELOOP;

        nest->open[nest->depth].index = (uint32_t) (reader->counts.len / sizeof(uint32_t));
        nest->open[nest->depth].close = *reader->p == '[' ? ']' : '}';
        nest->depth++;
        reader->p++;

        count = (uint32_t *) buf_extend(&reader->counts, sizeof(uint32_t));
        if (!count)
                return -ENOMEM;

        *count = 0;
        return 0;
}

static bool nest_is_object(const Nest *nest) {
        return nest->open[nest->depth - 1].close == '}';
}

/* One element more in the innermost array or object. */
static void count_element(Reader *reader, const Nest *nest) {
        ((uint32_t *) reader->counts.data)[nest->open[nest->depth - 1].index]++;
}

/* Behind a value: moves to the next one; 1, or 0 when this was the last. */
static int check_behind(Reader *reader, Nest *nest) {
        while (nest->depth > 0) {
                count_element(reader, nest);

                if (take_char(reader, ',')) {
                        int r = nest_is_object(nest) ? check_key(reader) : 0;

                        return r < 0 ? r : 1;
                }
                if (!take_char(reader, nest->open[nest->depth - 1].close))
                        return -EBADMSG;
                nest->depth--;
        }

        return 0;
}

static int check_text(Reader *reader) {
        Nest nest;
        int r;

        nest.depth = 0;
        do {
                skip_space(&reader->p, reader->end);
                if (reader->p == reader->end)
                        return -EBADMSG;

                if (*reader->p == '[' || *reader->p == '{') {
                        r = check_open(reader, &nest);
                        if (r < 0)
                                return r;

                        if (!take_char(reader, nest.open[nest.depth - 1].close)) {
                                r = nest_is_object(&nest) ? check_key(reader) : 0;
                                if (r < 0)
                                        return r;
                                r = 1;
                                continue;
                        }
                        nest.depth--;
                } else {
                        r = check_scalar(reader);
                        if (r < 0)
                                return r;
                }

                r = check_behind(reader, &nest);
                if (r < 0)
                        return r;
        } while (r > 0);

        skip_space(&reader->p, reader->end);
        return reader->p == reader->end ? 0 : -EBADMSG;
}

/* --- second time: write ----------------------------------------------------------------------------- */

static void put_escaped(Reader *reader, const uint8_t *p, const uint8_t *end, Buf *to) {
        uint8_t character[UTF8_MAX];

        buf_reset(&reader->text);
        while (p < end) {
                const uint8_t *backslash = memchr(p, '\\', (size_t) (end - p));
                uint8_t c;

                buf_put(&reader->text, p, (size_t) ((backslash ? backslash : end) - p));
                if (!backslash)
                        break;

                c = escaped(backslash[1]);
                p = backslash + 2;
                if (c == 'u')
                        buf_put(&reader->text, character, utf8_encode(character, take_unicode(&p, end)));
                else
                        buf_putc(&reader->text, c);
        }

        if (buf_error(&reader->text) < 0)
                to->error = buf_error(&reader->text);
        else
                cbor_put_str(to, buf_str(&reader->text));
}

static void put_string(Reader *reader, Buf *to) {
        const uint8_t *begin = reader->p + 1, *p = begin;
        bool escapes = false;

        for (; *(p = json_skip_plain(p, reader->end)) != '"'; p++)
                if (*p == '\\') {
                        escapes = true;
                        p++;
                }
        reader->p = p + 1;

        if (escapes)
                put_escaped(reader, begin, p, to);
        else
                cbor_put_str(to, (Str){(const char *) begin, (size_t) (p - begin)});
}

static void put_number(Buf *to, Str s, bool integer) {
        bool negative = s.p[0] == '-';
        Str magnitude = {s.p + negative, s.n - negative};
        uint64_t v;
        double d;

        if (integer && number_read_uint(magnitude, &v)) {
                if (!negative) {
                        cbor_put_uint(to, v);
                        return;
                }
                if (v <= (uint64_t) INT64_MAX + 1) {
                        cbor_put_int(to, (int64_t) -v);
                        return;
                }
        }

        if (number_read_double(s, &d) < 0)
                to->error = -ENOMEM;
        else
                cbor_put_double(to, d);
}

static void put_scalar(Reader *reader, Buf *to) {
        bool integer;
        Word word;
        size_t n;

        n = number_span(rest(reader), &integer);
        if (n > 0) {
                put_number(to, (Str){(const char *) reader->p, n}, integer);
                reader->p += n;
                return;
        }

        word = take_word(reader);
        if (word == WORD_NULL)
                cbor_put_null(to);
        else
                cbor_put_bool(to, word == WORD_TRUE);
}

static void put_text(Reader *reader, Buf *to) {
        const uint32_t *count = (const uint32_t *) reader->counts.data;

        while (reader->p < reader->end && to->error == 0) {
                switch (*reader->p) {
                case ' ':
                case '\n':
                case '\r':
                case '\t':
                case ',':
                case ':':
                case ']':
                case '}':
                        reader->p++;
                        break;
                case '[':
                        reader->p++;
                        cbor_put_array(to, *count++);
                        break;
                case '{':
                        reader->p++;
                        cbor_put_map(to, *count++);
                        break;
                case '"':
                        put_string(reader, to);
                        break;
                default:
                        put_scalar(reader, to);
                }
        }
}

int json_to_cbor(const uint8_t *p, size_t n, Buf *to) {
        Reader reader = {.p = p, .end = p + n};
        int r;

        if (n > UINT32_MAX)
                return -EMSGSIZE;

        r = check_text(&reader);
        if (r >= 0) {
                reader.p = p;
                put_text(&reader, to);
                r = buf_error(to);
        }

        buf_deinit(&reader.counts);
        buf_deinit(&reader.text);
        return r;
}
