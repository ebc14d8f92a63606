/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A message
 *
 * Nearly all messages are an array of a few elements that begins with a short ASCII string; that one is read
 * in a handful of instructions. Everything else that CBOR allows takes the long way.
 */

#include "wire/msg.h"

#include "wire/cbor-head.h"
#include "wire/queue-chunk.h"
#include "wire/utf8.h"

/* Reads a message of the common kind; false when it has to be read properly. */
static inline bool parse_short(Msg *ret, const uint8_t *p, size_t len) {
        size_t n, at = 2;

        if (len < 3 || p[0] <= CBOR_MAJOR_ARRAY << 5 || p[0] >= (CBOR_MAJOR_ARRAY << 5 | CBOR_INFO_1) ||
                p[1] < CBOR_MAJOR_BYTES << 5 || p[1] >= CBOR_MAJOR_ARRAY << 5)
                return false;

        n = p[1] & 0x1f;
        if (n == CBOR_INFO_1) /* a full port ID */
                n = p[at++];
        else if (n > CBOR_INFO_1)
                return false;
        if (len - at < n)
                return false;
        if (p[1] >> 5 == CBOR_MAJOR_BYTES && utf8_ascii_prefix(p + at, n) < n)
                return false;

        *ret = (Msg){
                .to = {(const char *) p + at, n},
                .n = (p[0] & 0x1f) - 1u,
                .tail = p + at + n,
                .tail_len = len - at - n,
        };
        return true;
}

/* The elements of an indefinite array: counts them, and takes the break off the tail. */
static int count_tail(Msg *msg) {
        CborCursor c = msg_cursor(msg);

        while (cbor_peek(&c) != CBOR_END) {
                int r;

                r = cbor_skip(&c);
                if (r < 0)
                        return r;
                msg->n++;
        }

        msg->tail_len = (size_t) (c.p - msg->tail);
        return 0;
}

int msg_parse(Msg *ret, const uint8_t *p, size_t len, Buf *scratch) {
        CborCursor c = cbor_cursor(p, len);
        Msg msg = {0};
        uint64_t n;
        int r;

        if (parse_short(ret, p, len))
                return 1;

        r = cbor_read_array(&c, &n);
        if (r < 0)
                return r;
        if (n == 0 || (n == CBOR_INDEFINITE && cbor_peek(&c) == CBOR_END))
                return 0;

        r = cbor_read_str_or_null(&c, scratch, &msg.to);
        if (r < 0)
                return r;

        msg.tail = c.p;
        msg.tail_len = (size_t) (c.end - c.p);

        if (n == CBOR_INDEFINITE) {
                r = count_tail(&msg);
                if (r < 0)
                        return r;
        } else {
                msg.n = n - 1;
        }

        *ret = msg;
        return 1;
}

size_t msg_size_max(Str to, size_t tail_len) {
        return CBOR_HEAD_MAX + CBOR_HEAD_MAX + to.n + tail_len;
}

static inline size_t write_head(uint8_t *out, unsigned major, uint64_t value) {
        if (value >= CBOR_INFO_1)
                return cbor_head(out, major, value);

        *out = (uint8_t) (major << 5 | value);
        return 1;
}

size_t msg_write(uint8_t *out, Str to, uint64_t n, const uint8_t *tail, size_t tail_len) {
        size_t len;

        len = write_head(out, CBOR_MAJOR_ARRAY, n + 1);
        len += write_head(out + len, CBOR_MAJOR_TEXT, to.n);
        if (to.n > 0)
                memcpy(out + len, to.p, to.n);
        len += to.n;
        if (tail_len > 0)
                memcpy(out + len, tail, tail_len);

        return len + tail_len;
}

int msg_queue(Queue *queue, Str to, uint64_t n, const uint8_t *tail, size_t tail_len) {
        size_t max = msg_size_max(to, tail_len);
        uint8_t *room;

        room = queue_room(queue, max);
        if (!room)
                room = queue_reserve(queue, max);
        if (!room)
                return -ENOMEM;

        queue_add(queue, msg_write(room, to, n, tail, tail_len));
        return 0;
}
