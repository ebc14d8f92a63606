/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A growing run of octets
 *
 * Capacity doubles, so appending octet by octet is linear overall. Growing may move the octets. Where
 * somebody still points at them (the scratch buffer of the CBOR readers) they are copied in place of moved,
 * and the old blocks live on until the buffer is reset.
 */

#include "wire/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_CAP_MIN 64

typedef struct BufKept BufKept;

struct BufKept {
        BufKept *next;
        uint8_t *data;
};

static void kept_free(Buf *buf) {
        while (buf->kept) {
                BufKept *kept = buf->kept;

                buf->kept = kept->next;
                free(kept->data);
                free(kept);
        }
}

void buf_deinit(Buf *buf) {
        kept_free(buf);
        free(buf->data);
        *buf = BUF_INIT;
}

void buf_reset(Buf *buf) {
        kept_free(buf);
        buf->len = 0;
        buf->error = 0;
}

int buf_error(const Buf *buf) {
        return buf->error;
}

/* The capacity that n more octets want, 0 when no memory could be that large. */
static size_t cap_for(const Buf *buf, size_t n) {
        size_t cap = buf->cap < BUF_CAP_MIN / 2 ? BUF_CAP_MIN : buf->cap * 2;

        if (n > PTRDIFF_MAX - buf->len)
                return 0;

        return cap < buf->len + n ? buf->len + n : cap;
}

static int grow(Buf *buf, size_t n) {
        size_t cap = cap_for(buf, n);
        uint8_t *data;

        data = cap > 0 ? realloc(buf->data, cap) : NULL;
        if (!data)
                return -ENOMEM;

        buf->data = data;
        buf->cap = cap;
        return 0;
}

static int grow_stable(Buf *buf, size_t n) {
        size_t cap = cap_for(buf, n);
        BufKept *kept;
        uint8_t *data;

        if (buf->len == 0)
                return grow(buf, n);

        data = cap > 0 ? malloc(cap) : NULL;
        kept = malloc(sizeof(BufKept));
        if (!data || !kept) {
                free(data);
                free(kept);
                return -ENOMEM;
        }

        memcpy(data, buf->data, buf->len);
        *kept = (BufKept){buf->kept, buf->data};
        buf->kept = kept;
        buf->data = data;
        buf->cap = cap;
        return 0;
}

uint8_t *buf_extend(Buf *buf, size_t n) {
        uint8_t *room;

        if (buf->error < 0)
                return NULL;

        if (buf->cap - buf->len < n || !buf->data) {
                buf->error = grow(buf, n);
                if (buf->error < 0)
                        return NULL;
        }

        room = buf->data + buf->len;
        buf->len += n;
        return room;
}

uint8_t *buf_extend_stable(Buf *buf, size_t n) {
        if (buf->error == 0 && buf->cap - buf->len < n)
                buf->error = grow_stable(buf, n);

        return buf_extend(buf, n);
}

void buf_put(Buf *buf, const void *data, size_t n) {
        uint8_t *room;

        if (n == 0)
                return;

        room = buf_extend(buf, n);
        if (room)
                memcpy(room, data, n);
}

void buf_put_str(Buf *buf, Str s) {
        buf_put(buf, s.p, s.n);
}

void buf_putc(Buf *buf, uint8_t octet) {
        uint8_t *room = buf_extend(buf, 1);

        if (room)
                *room = octet;
}

void buf_printf(Buf *buf, const char *format, ...) {
        va_list args;
        uint8_t *room;
        int n;

        va_start(args, format);
        n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0) {
                buf->error = buf->error < 0 ? buf->error : -ENOMEM;
                return;
        }

        room = buf_extend(buf, (size_t) n + 1);
        if (!room)
                return;

        va_start(args, format);
        (void) vsnprintf((char *) room, (size_t) n + 1, format, args);
        va_end(args);
        buf->len--;
}

void buf_consume(Buf *buf, size_t n) {
        assert(n <= buf->len);

        buf->len -= n;
        if (n > 0 && buf->len > 0)
                memmove(buf->data, buf->data + n, buf->len);
}
