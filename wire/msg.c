/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A message
 *
 * Nearly all messages are an array of a few elements that begins with a short ASCII string; that one is read
 * in a handful of instructions. Everything else that CBOR allows takes the long way.
 */

#include "wire/msg.h"

#include "wire/cbor-head.h"
#include "wire/utf8.h"

/* The first element when it's a string within the first octet's reach; false when it has to be read
 * properly. */
static bool take_short_str(CborCursor *c, Str *ret) {
        size_t n;

        if (c->p == c->end || c->p[0] < CBOR_MAJOR_BYTES << 5 || c->p[0] >= CBOR_MAJOR_ARRAY << 5)
                return false;

        n = c->p[0] & 0x1f;
        if (n >= CBOR_INFO_1 || (size_t) (c->end - c->p) <= n)
                return false;
        if (c->p[0] >> 5 == CBOR_MAJOR_BYTES && utf8_ascii_prefix(c->p + 1, n) < n)
                return false;

        *ret = (Str){(const char *) c->p + 1, n};
        c->p += 1 + n;
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

        r = cbor_read_array(&c, &n);
        if (r < 0)
                return r;
        if (n == 0 || (n == CBOR_INDEFINITE && cbor_peek(&c) == CBOR_END))
                return 0;

        if (!take_short_str(&c, &msg.to)) {
                r = cbor_read_str_or_null(&c, scratch, &msg.to);
                if (r < 0)
                        return r;
        }

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

size_t msg_write(uint8_t *out, Str to, uint64_t n, const uint8_t *tail, size_t tail_len) {
        size_t len;

        len = cbor_head(out, CBOR_MAJOR_ARRAY, n + 1);
        len += cbor_head(out + len, CBOR_MAJOR_TEXT, to.n);
        if (to.n > 0)
                memcpy(out + len, to.p, to.n);
        len += to.n;
        if (tail_len > 0)
                memcpy(out + len, tail, tail_len);

        return len + tail_len;
}

int msg_queue(Queue *queue, Str to, uint64_t n, const uint8_t *tail, size_t tail_len) {
        uint8_t *room;

        room = queue_reserve(queue, msg_size_max(to, tail_len));
        if (!room)
                return -ENOMEM;

        queue_commit(queue, msg_write(room, to, n, tail, tail_len));
        return 0;
}
