/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reasons that the library gives itself
 */

#include "libclient/reason.h"
#include "wire/cbor.h"

Content reason_no_memory(void) {
        static const uint8_t octets[] = "\x63"
                                        "die"
                                        "\x6d"
                                        "out of memory";

        return (Content){2, octets, sizeof(octets) - 1};
}

Content reason_make(Buf *buf, Str identifier, Str second, Str third) {
        buf_reset(buf);
        cbor_put_str(buf, identifier);
        cbor_put_str(buf, second);
        if (third.p)
                cbor_put_str(buf, third);

        return buf_error(buf) < 0 ? reason_no_memory() : (Content){third.p ? 3 : 2, buf->data, buf->len};
}

Content reason_no_such_port(Buf *buf, Str id) {
        return reason_make(buf, STR_LIT("no_such_port"), STR_LIT("cannot monitor nonexistent port"), id);
}
