/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/line.h"

#include <errno.h>

int line_read(LineReader *reader, const uint8_t **p, size_t *n, Str *ret) {
        const uint8_t *lf = *n > 0 ? memchr(*p, '\n', *n) : NULL;
        size_t take = lf ? (size_t) (lf - *p) + 1 : *n;

        /* without its LF a line may have one octet less */
        if (take > LINE_MAX_LEN - reader->len - (lf ? 0 : 1))
                return -EMSGSIZE;

        if (take > 0)
                memcpy(reader->data + reader->len, *p, take);
        reader->len += take;
        *p += take;
        *n -= take;
        if (!lf)
                return 0;

        ret->p = reader->data;
        ret->n = reader->len - 1;
        if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
                ret->n--;
        reader->len = 0;

        return 1;
}
