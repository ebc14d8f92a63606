/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/greeting.h"

#include <errno.h>

#include "wire/number.h"

/* Takes the part up to the next separator off `rest`; false when nothing is left to take. */
static bool field_next(Str *rest, char separator, Str *ret) {
        const char *at;

        if (!rest->p)
                return false;

        at = rest->n > 0 ? memchr(rest->p, separator, rest->n) : NULL;
        if (!at) {
                *ret = *rest;
                *rest = STR_NULL;
                return true;
        }

        *ret = (Str){rest->p, (size_t) (at - rest->p)};
        *rest = (Str){at + 1, rest->n - ret->n - 1};
        return true;
}

int greeting_parse(Str line, Greeting *ret) {
        Greeting g = {};
        Str *fields[] = {&g.protocol, &g.version, &g.name, &g.auth, &g.framings};
        Str rest = line;

        for (size_t i = 0; i < 5; i++)
                if (!field_next(&rest, ';', fields[i]))
                        return -EBADMSG;

        g.keys = rest;
        *ret = g;
        return 0;
}

int auth_line_parse(Str line, AuthLine *ret) {
        AuthLine a = {};
        Str rest = line;

        if (!field_next(&rest, ';', &a.method) || !field_next(&rest, ';', &a.token) ||
                !field_next(&rest, ';', &a.framing))
                return -EBADMSG;

        *ret = a;
        return 0;
}

bool greeting_key(const Greeting *greeting, const char *key, Str *ret) {
        Str rest = greeting->keys, field, name;

        while (field_next(&rest, ';', &field)) {
                Str value = field;

                if (field_next(&value, '=', &name) && value.p && str_is(name, key)) {
                        *ret = value;
                        return true;
                }
        }

        return false;
}

bool comma_list_next(Str *list, Str *ret) {
        while (field_next(list, ',', ret))
                if (ret->n > 0)
                        return true;

        return false;
}

bool comma_list_has(Str list, const char *item) {
        Str i;

        while (comma_list_next(&list, &i))
                if (str_is(i, item))
                        return true;

        return false;
}

void value_escape(Buf *to, Str s) {
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char) s.p[i];

                if (c < 0x20 || c == 0x7f || c == ';' || c == '%')
                        buf_printf(to, "%%%02x", c);
                else
                        buf_putc(to, c);
        }
}

void greeting_put_key(Buf *line, const char *key, Str value) {
        buf_printf(line, ";%s=", key);
        value_escape(line, value);
}

void value_unescape(Buf *to, Str s) {
        for (size_t i = 0; i < s.n; i++) {
                int hi, lo;

                if (s.p[i] == '%' && i + 2 < s.n) {
                        hi = number_hex_digit(s.p[i + 1]);
                        lo = number_hex_digit(s.p[i + 2]);
                        if (hi >= 0 && lo >= 0) {
                                buf_putc(to, (uint8_t) (hi << 4 | lo));
                                i += 2;
                                continue;
                        }
                }

                buf_putc(to, (uint8_t) s.p[i]);
        }
}
