/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/text.h"

#include <stdlib.h>
#include <string.h>

#include "wire/id.h"

size_t text_clean(char *to, size_t n, Str s) {
        bool utf8;
        size_t len;

        if (n == 0)
                return 0;

        len = s.n < n ? s.n : n - 1;
        /* don't cut a character in two */
        while (len > 0 && len < s.n && ((unsigned char) s.p[len] & 0xc0) == 0x80)
                len--;

        utf8 = utf8_is_valid((Str){s.p, len});
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char) s.p[i];

                to[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) ? '?' : (char) c;
        }
        to[len] = '\0';

        /* U+0080 to U+009F are control characters too: 9b begins an escape sequence */
        for (size_t i = 0; utf8 && i + 1 < len; i++)
                if ((unsigned char) to[i] == 0xc2 && (unsigned char) to[i + 1] < 0xa0)
                        to[i] = to[i + 1] = '?';

        return len;
}

bool text_is_ascii(Str s) {
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] < 0x20 || s.p[i] > 0x7e)
                        return false;

        return true;
}

void text_keep(char **text, const char *s) {
        char *copy = s ? strdup(s) : NULL;

        free(*text);
        *text = copy;
}
