/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/reason.h"

/* ["die"]: whoever watches must learn of a failure even when there is no memory to say which. */
static const uint8_t reason_plain[] = {0x63, 'd', 'i', 'e'};

Reason reason_make(Buf *buf, const char *id, const char *first, const char *second) {
        uint64_t n = 1;

        buf_reset(buf);
        cbor_put_text(buf, str_from(id));
        if (first) {
                cbor_put_str(buf, str_from(first));
                n++;
        }
        if (second) {
                cbor_put_str(buf, str_from(second));
                n++;
        }

        if (buf_error(buf) < 0)
                return (Reason){1, reason_plain, sizeof(reason_plain)};

        return (Reason){n, buf->data, buf->len};
}

Reason reason_rest(CborCursor c, uint64_t n) {
        return (Reason){n, c.p, (size_t) (c.end - c.p)};
}
