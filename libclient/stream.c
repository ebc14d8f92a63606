/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The socket to aempd
 *
 * After a failed write the last words of the other side are still there to be read: only reading ends the
 * connection.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libclient/stream.h"

#define READ_SIZE (64 * 1024)
#define DISCARD_SIZE (16 * 1024)
#define IOV_MAX_FLUSH 64

void stream_init(Stream *stream) {
        stream->fd = -1;
}

void stream_deinit(Stream *stream) {
        stream_close(stream);
        frame_reader_deinit(&stream->reader);
        free(stream->in);
        stream->in = NULL;
}

int stream_open(Stream *stream, int fd, size_t max_message) {
        if (!stream->in)
                stream->in = malloc(READ_SIZE);
        if (!stream->in)
                return -ENOMEM;

        frame_reader_deinit(&stream->reader);
        frame_reader_init(&stream->reader, FRAMING_CBOR, max_message);
        stream->fd = fd;
        stream->blocked = false;
        stream->broken = false;
        return 0;
}

void stream_close(Stream *stream) {
        if (stream->fd >= 0)
                (void) close(stream->fd);
        stream->fd = -1;
        stream->blocked = false;
        queue_deinit(&stream->out);
}

static ssize_t stream_write(Stream *stream) {
        struct iovec iov[IOV_MAX_FLUSH];
        struct msghdr msg = {
                .msg_iov = iov,
                .msg_iovlen = (size_t) queue_iov(&stream->out, iov, IOV_MAX_FLUSH),
        };
        ssize_t n;

        do
                n = sendmsg(stream->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);

        return n < 0 ? -errno : n;
}

void stream_flush(Stream *stream) {
        if (stream->blocked)
                return;

        while (stream->fd >= 0 && stream->out.len > 0 && !stream->broken) {
                ssize_t n = stream_write(stream);

                stream->blocked = n == -EAGAIN;
                if (n == -EAGAIN)
                        return;
                if (n < 0)
                        stream->broken = true;
                else
                        queue_consume(&stream->out, (size_t) n);
        }

        if (stream->broken)
                queue_deinit(&stream->out);
}

static ssize_t stream_recv(Stream *stream, void *to, size_t size) {
        ssize_t n;

        do
                n = recv(stream->fd, to, size, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);

        return n < 0 ? -errno : n;
}

ssize_t stream_read(Stream *stream, const uint8_t **ret, bool *ret_full) {
        ssize_t n;

        n = stream_recv(stream, stream->in, READ_SIZE);
        *ret = stream->in;
        *ret_full = n == READ_SIZE;
        return n;
}

ssize_t stream_discard(Stream *stream) {
        uint8_t nowhere[DISCARD_SIZE];

        return stream_recv(stream, nowhere, sizeof(nowhere));
}
