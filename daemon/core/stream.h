/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One socket, as the core and the edge share it
 *
 * The core fills `out` and sets the flags; the edge moves octets. A stream lives until stream_closed().
 *
 * What a dirty stream may ask for, to be looked at in this order:
 *
 * - out.len > 0: write it, at most what the socket takes now, the rest when it is writable; then
 * stream_sent().
 *
 * - paused: don't read for now (but see `closing`, and hang-ups).
 *
 * - closing: no more output will come. Write what is left as far as the socket takes it at once, shut down,
 * read what the other side had already sent, give it to stream_input(), and end with stream_closed().
 *
 * A link is dead only after all its input was read: after a write error, or a hang-up while paused, the edge
 * goes on reading until end-of-file or error, and only then calls stream_closed().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/list.h"
#include "wire/queue.h"

typedef struct Stream Stream;

typedef struct StreamOps {
        void (*connected)(Stream *stream, const char *peer_address);
        void (*input)(Stream *stream, const uint8_t *data, size_t n);
        void (*sent)(Stream *stream);
        void (*closed)(Stream *stream, const char *why);
} StreamOps;

struct Stream {
        void *edge; /* the edge's own object for this socket */

        Queue out;
        bool paused;
        bool closing;

        /* the core's */
        const StreamOps *ops;
        List dirty;
};

/* An outgoing connection is there. peer_address: "ip:port" of the other end. */
static inline void stream_connected(Stream *stream, const char *peer_address) {
        stream->ops->connected(stream, peer_address);
}

/* Octets came in, any number of them. */
static inline void stream_input(Stream *stream, const uint8_t *data, size_t n) {
        stream->ops->input(stream, data, n);
}

/* n octets of `out` were written. */
static inline void stream_sent(Stream *stream, size_t n) {
        queue_consume(&stream->out, n);
        stream->ops->sent(stream);
}

/* It is over: `why` for people ("Unexpected end-of-file", "Connection reset by peer"; end-of-file counts as
 * the other side's doing). The stream is gone when this returns, and was taken off the dirty list. */
static inline void stream_closed(Stream *stream, const char *why) {
        stream->ops->closed(stream, why);
}
