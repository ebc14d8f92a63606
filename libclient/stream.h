/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The socket to aempd
 *
 * Octets in, octets out, never waiting.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"
#include "wire/queue.h"

typedef struct Stream {
        int fd; /* -1: none */
        Queue out;
        FrameReader reader;
        uint8_t *in;
        bool blocked; /* the socket took less than there was */
        bool broken;  /* it takes nothing more; what aempd said before is still read */
} Stream;

void stream_init(Stream *stream);
void stream_deinit(Stream *stream);

/* Takes the fd. -ENOMEM. */
int stream_open(Stream *stream, int fd, size_t max_message);
/* What waited to be written is lost. What was read last stays readable. */
void stream_close(Stream *stream);

/* Writes what the socket takes. Not while it is blocked: who learns that it isn't any more says so first. */
void stream_flush(Stream *stream);

/* One read: the number of octets at *ret; 0 at the end, -EAGAIN when there is nothing now, other errors are
 * ends too. *ret_full: there may be more. */
ssize_t stream_read(Stream *stream, const uint8_t **ret, bool *ret_full);
/* The same, for nobody: what was read before stays as it is. */
ssize_t stream_discard(Stream *stream);
