/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * UTF-8
 */

#include "wire/utf8.h"

#include "wire/id.h"

size_t utf8_step(const uint8_t *p, const uint8_t *end, bool *ret_valid) {
        size_t n = (size_t) (end - p), len;
        uint8_t low = 0x80, high = 0xbf;

        *ret_valid = true;
        if (p[0] < 0x80)
                return 1;

        *ret_valid = false;
        if (p[0] < 0xc2 || p[0] > 0xf4)
                return 1;

        /* The second octet excludes overlong forms, surrogates, and what is above U+10FFFF. */
        len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
        if (p[0] == 0xe0)
                low = 0xa0;
        else if (p[0] == 0xed)
                high = 0x9f;
        else if (p[0] == 0xf0)
                low = 0x90;
        else if (p[0] == 0xf4)
                high = 0x8f;

        for (size_t i = 1; i < len; i++) {
                if (i == n || p[i] < low || p[i] > high)
                        return i;
                low = 0x80;
                high = 0xbf;
        }

        *ret_valid = true;
        return len;
}

size_t utf8_ascii_prefix(const uint8_t *p, size_t n) {
        size_t i = 0;

        for (uint64_t word; n - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, p + i, sizeof(word));
                if (word & 0x8080808080808080u)
                        break;
        }

        while (i < n && p[i] < 0x80)
                i++;
        return i;
}

size_t utf8_valid_prefix(const uint8_t *p, size_t n) {
        size_t i = 0;

        for (;;) {
                bool valid;
                size_t k;

                i += utf8_ascii_prefix(p + i, n - i);
                if (i == n)
                        return n;

                k = utf8_step(p + i, p + n, &valid);
                if (!valid)
                        return i;
                i += k;
        }
}

bool utf8_is_valid(Str s) {
        return s.n == 0 || utf8_valid_prefix((const uint8_t *) s.p, s.n) == s.n;
}

size_t utf8_encode(uint8_t to[UTF8_MAX], uint32_t c) {
        if (c < 0x80) {
                to[0] = (uint8_t) c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (uint8_t) (0xc0 | c >> 6);
                to[1] = (uint8_t) (0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (uint8_t) (0xe0 | c >> 12);
                to[1] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
                to[2] = (uint8_t) (0x80 | (c & 0x3f));
                return 3;
        }

        to[0] = (uint8_t) (0xf0 | c >> 18);
        to[1] = (uint8_t) (0x80 | (c >> 12 & 0x3f));
        to[2] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
        to[3] = (uint8_t) (0x80 | (c & 0x3f));
        return 4;
}

/* The next stretch of s: a well-formed one, or (*ret_valid is false) what a U+FFFD stands for. */
static size_t next_stretch(Str s, bool *ret_valid) {
        const uint8_t *p = (const uint8_t *) s.p;
        size_t n = utf8_valid_prefix(p, s.n);

        *ret_valid = n > 0;
        return n > 0 ? n : utf8_step(p, p + s.n, ret_valid);
}

void utf8_put(Buf *to, Str s) {
        while (s.n > 0) {
                bool valid;
                size_t n = next_stretch(s, &valid);

                buf_put_str(to, valid ? (Str){s.p, n} : STR_LIT(UTF8_REPLACEMENT));
                s = (Str){s.p + n, s.n - n};
        }
}

size_t utf8_repaired_len(Str s) {
        size_t len = 0;

        while (s.n > 0) {
                bool valid;
                size_t n = next_stretch(s, &valid);

                len += valid ? n : sizeof(UTF8_REPLACEMENT) - 1;
                s = (Str){s.p + n, s.n - n};
        }

        return len;
}
