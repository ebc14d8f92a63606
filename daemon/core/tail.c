/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/tail.h"

void tail_deinit(Tail *tail) {
        buf_deinit(&tail->buf);
        buf_deinit(&tail->id);
}

void tail_begin(Tail *tail, const char *tag) {
        buf_reset(&tail->buf);
        tail->n = 0;
        tail->odd = false;
        if (tag)
                tail_str(tail, str_from(tag));
}

void tail_str(Tail *tail, Str s) {
        cbor_put_str(&tail->buf, s);
        tail->n++;
}

void tail_null(Tail *tail) {
        cbor_put_null(&tail->buf);
        tail->n++;
}

void tail_bool(Tail *tail, bool v) {
        cbor_put_bool(&tail->buf, v);
        tail->n++;
}

void tail_port_id(Tail *tail, Str node, Str port) {
        buf_reset(&tail->id);
        buf_put_str(&tail->id, node);
        if (port.n > 0) {
                buf_putc(&tail->id, '#');
                buf_put_str(&tail->id, port);
        }
        if (buf_error(&tail->id) < 0)
                tail->buf.error = buf_error(&tail->id);

        tail_str(tail, buf_str(&tail->id));
}

void tail_reason(Tail *tail, const Reason *reason) {
        tail_octets(tail, reason->data, reason->len, reason->n);
}

void tail_octets(Tail *tail, const uint8_t *p, size_t len, uint64_t n) {
        if (len > 0)
                buf_put(&tail->buf, p, len);
        tail->n += n;
        tail->odd = true;
}

Msg tail_msg(const Tail *tail, Str to) {
        return (Msg){
                .to = to,
                .n = tail->n,
                .tail = tail->buf.data,
                .tail_len = tail->buf.len,
                .odd = tail->odd,
        };
}
