/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lines before the messages
 *
 * A stranger's lines, read into a fixed buffer: at most LINE_MAX_LEN octets with the LF. A CR before the LF
 * is not part of the line. What follows the LF belongs to the next phase and is left alone.
 */

#include <stddef.h>
#include <stdint.h>

#include "wire/str.h"

#define LINE_MAX_LEN 4096

typedef struct LineReader {
        size_t len;
        char data[LINE_MAX_LEN];
} LineReader;

static inline void line_reader_init(LineReader *reader) {
        reader->len = 0;
}

/* Takes from *p, *n. 1: *ret is a line, valid until the next call; 0: not complete, all was taken;
 * -EMSGSIZE: too long. */
int line_read(LineReader *reader, const uint8_t **p, size_t *n, Str *ret);
