/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A growing run of octets
 *
 * Its error is sticky: append as often as needed and ask buf_error() once. After an error nothing more is
 * appended. Starts all zero, owns its memory.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire/str.h"

typedef struct Buf {
        uint8_t *data;
        size_t len;
        size_t cap;
        int error;            /* 0 or -ENOMEM */
        struct BufKept *kept; /* see buf_extend_stable() */
} Buf;

#define BUF_INIT ((Buf){0})

void buf_deinit(Buf *buf);
/* Empties it and forgets an error; the memory is kept for the next use. */
void buf_reset(Buf *buf);
int buf_error(const Buf *buf);

/* Room for n more octets; they count as appended. NULL after an error. */
uint8_t *buf_extend(Buf *buf, size_t n);
/* The same, and whatever points into the buffer stays valid until it is reset. */
uint8_t *buf_extend_stable(Buf *buf, size_t n);
void buf_put(Buf *buf, const void *data, size_t n);
void buf_put_str(Buf *buf, Str s);
void buf_putc(Buf *buf, uint8_t octet);
void buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops octets from the front. */
void buf_consume(Buf *buf, size_t n);

static inline Str buf_str(const Buf *buf) {
        return (Str){(const char *) buf->data, buf->len};
}

static inline void buf_deinitp(Buf *buf) {
        buf_deinit(buf);
}
#define _cleanup_buf_ __attribute__((cleanup(buf_deinitp)))
