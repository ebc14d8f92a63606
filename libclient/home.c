/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where this process lives
 *
 * A number has exactly one text: base 62 without leading zeros. So two different names never mean the same
 * port.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/home.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void home_deinit(Home *home) {
        free(home->base);
        free(home->node);
        *home = (Home){0};
}

int home_init(Home *home, Str node, Str prefix, size_t max_message) {
        Home new = {
                .base_len = node.n + 1 + prefix.n,
                .node_len = node.n,
                .max_message = max_message,
        };

        new.base = malloc(new.base_len + 1);
        new.node = strndup(node.p, node.n);
        if (!new.base || !new.node) {
                home_deinit(&new);
                return -ENOMEM;
        }

        memcpy(new.base, node.p, node.n);
        new.base[node.n] = '#';
        memcpy(new.base + node.n + 1, prefix.p, prefix.n);
        new.base[new.base_len] = '\0';

        *home = new;
        return 0;
}

static int digit_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 10;
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 36;
        return -1;
}

static bool read_number(Str s, uint64_t *ret) {
        uint64_t v = 0;

        if (s.n == 0 || s.n > NUMBER_TEXT62_MAX || s.p[0] == '0')
                return false;

        for (size_t i = 0; i < s.n; i++) {
                int d = digit_value(s.p[i]);

                if (d < 0 || __builtin_mul_overflow(v, 62U, &v) ||
                        __builtin_add_overflow(v, (unsigned) d, &v))
                        return false;
        }

        *ret = v;
        return true;
}

static bool read_behind(Str prefix, Str s, uint64_t *ret) {
        return str_starts_with(s, prefix) && read_number((Str){s.p + prefix.n, s.n - prefix.n}, ret);
}

bool home_read_name(const Home *home, Str name, uint64_t *ret) {
        return read_behind(home_prefix(home), name, ret);
}

bool home_read_id(const Home *home, Str id, uint64_t *ret) {
        return read_behind((Str){home->base, home->base_len}, id, ret);
}

size_t home_write_number(char to[NUMBER_TEXT62_MAX], uint64_t number) {
        char text[NUMBER_TEXT62_MAX];
        size_t n = 0;

        do
                text[n++] = digits[number % 62];
        while ((number /= 62) > 0);

        for (size_t i = 0; i < n; i++)
                to[i] = text[n - 1 - i];
        return n;
}

bool home_is_node(const Home *home, Str id) {
        if (id.n > 0 && id.p[id.n - 1] == '#')
                id.n--;

        return id.n == 0 || str_equal(id, (Str){home->node, home->node_len});
}
