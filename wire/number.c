/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Numbers as text
 *
 * strtod() and printf() write the decimal point of the locale, and a library must neither change that nor
 * rely on it. newlocale() with "C" for everything gives a constant object, in glibc and musl alike: nothing
 * is allocated, nothing fails, nothing needs to be freed or kept.
 */

#include "wire/number.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t c_locale(void) {
        return newlocale(LC_ALL_MASK, "C", (locale_t) 0);
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static size_t digits(Str s, size_t from) {
        size_t i = from;

        while (i < s.n && is_digit(s.p[i]))
                i++;
        return i - from;
}

bool number_read_uint(Str s, uint64_t *ret) {
        uint64_t v = 0;

        if (s.n == 0 || digits(s, 0) < s.n)
                return false;

        for (size_t i = 0; i < s.n; i++)
                if (__builtin_mul_overflow(v, 10, &v) ||
                        __builtin_add_overflow(v, (uint64_t) (s.p[i] - '0'), &v))
                        return false;

        *ret = v;
        return true;
}

size_t number_span(Str s, bool *ret_integer) {
        size_t i = 0, n;

        *ret_integer = true;
        if (i < s.n && s.p[i] == '-')
                i++;

        n = digits(s, i);
        if (n == 0 || (n > 1 && s.p[i] == '0'))
                return 0;
        i += n;

        if (i < s.n && s.p[i] == '.') {
                n = digits(s, i + 1);
                if (n == 0)
                        return 0;
                i += 1 + n;
                *ret_integer = false;
        }

        if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
                i++;
                if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
                        i++;
                n = digits(s, i);
                if (n == 0)
                        return 0;
                i += n;
                *ret_integer = false;
        }

        return i;
}

int number_read_double(Str s, double *ret) {
        char small[64], *text = small;

        if (s.n >= sizeof(small)) {
                text = malloc(s.n + 1);
                if (!text)
                        return -ENOMEM;
        }

        memcpy(text, s.p, s.n);
        text[s.n] = '\0';
        *ret = strtod_l(text, NULL, c_locale());

        if (text != small)
                free(text);
        return 0;
}

size_t number_write_double(char to[NUMBER_TEXT_MAX], double v) {
        locale_t locale = c_locale(), before = uselocale(locale);
        int n = 0;

        for (int precision = 15; precision <= 17; precision++) {
                n = snprintf(to, NUMBER_TEXT_MAX, "%.*g", precision, v);
                if (strtod_l(to, NULL, locale) == v)
                        break;
        }

        (void) uselocale(before);
        return (size_t) n;
}

static size_t write_digits(char *to, uint64_t v) {
        char reversed[20];
        size_t n = 0;

        do
                reversed[n++] = (char) ('0' + v % 10);
        while ((v /= 10) > 0);

        for (size_t i = 0; i < n; i++)
                to[i] = reversed[n - 1 - i];
        return n;
}

size_t number_write_uint(char to[NUMBER_TEXT_MAX], uint64_t v) {
        return write_digits(to, v);
}

size_t number_write_nint(char to[NUMBER_TEXT_MAX], uint64_t v) {
        to[0] = '-';
        if (v < UINT64_MAX)
                return 1 + write_digits(to + 1, v + 1);

        memcpy(to + 1, "18446744073709551616", 20); /* 2^64 */
        return 21;
}
