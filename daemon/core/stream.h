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
 *
 * TLS begins in the middle of a stream, where the core says so, in both directions: it sets `tls` during
 * stream_input(), which then does not take the octets behind that place, as they are records already; and
 * the first `plain` octets of `out` go out as they are, all others in records. From then on stream_input()
 * gets what came out of the records, and nothing before the other side's certificate was verified and
 * stream_secured() was called. When it can't be verified the edge ends with stream_closed() and says why.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/list.h"
#include "wire/queue.h"

typedef struct Stream Stream;

typedef enum StreamTls {
        STREAM_TLS_NONE,
        STREAM_TLS_CLIENT,
        STREAM_TLS_SERVER,
} StreamTls;

/* What TLS found out about a connection. */
typedef struct StreamSecurity {
        const char *version; /* "TLSv1.3" */
        const char *cipher;  /* "TLS_AES_256_GCM_SHA384" */
        const char *subject; /* of the other side's certificate, for people */
        uint64_t expires;    /* its end, in seconds since 1970 */
} StreamSecurity;

typedef struct StreamOps {
        void (*connected)(Stream *stream, const char *peer_address);
        size_t (*input)(Stream *stream, const uint8_t *data, size_t n);
        void (*secured)(Stream *stream, const StreamSecurity *security);
        void (*sent)(Stream *stream);
        void (*closed)(Stream *stream, const char *why);
} StreamOps;

struct Stream {
        void *edge; /* the edge's own object for this socket */

        Queue out;
        bool paused;
        bool closing;
        StreamTls tls; /* set once, never taken back */
        size_t plain;  /* so many octets of `out` come before the first record */

        /* the core's */
        const StreamOps *ops;
        List dirty;
};

/* An outgoing connection is there. peer_address: "ip:port" of the other end. */
static inline void stream_connected(Stream *stream, const char *peer_address) {
        stream->ops->connected(stream, peer_address);
}

/* Octets came in, any number of them. Returns how many the core took: all of them, or up to where TLS
 * begins. */
static inline size_t stream_input(Stream *stream, const uint8_t *data, size_t n) {
        return stream->ops->input(stream, data, n);
}

/* TLS is there, and the other side's certificate is one that we trust. Borrowed during the call. */
static inline void stream_secured(Stream *stream, const StreamSecurity *security) {
        if (stream->ops->secured)
                stream->ops->secured(stream, security);
}

/* n octets of `out` were written, or put into records. */
static inline void stream_sent(Stream *stream, size_t n) {
        queue_consume(&stream->out, n);
        stream->plain -= n < stream->plain ? n : stream->plain;
        stream->ops->sent(stream);
}

/* It is over: `why` for people ("Unexpected end-of-file", "Connection reset by peer"; end-of-file counts as
 * the other side's doing). The stream is gone when this returns, and was taken off the dirty list. */
static inline void stream_closed(Stream *stream, const char *why) {
        stream->ops->closed(stream, why);
}
