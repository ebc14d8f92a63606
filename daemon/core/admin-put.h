/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Keys and values of the operations' answers
 */

#include "daemon/core/core.h"

static inline void put_key(Buf *to, const char *key) {
        cbor_put_text(to, str_from(key));
}

static inline void put_str(Buf *to, const char *key, const char *value) {
        put_key(to, key);
        if (value)
                cbor_put_str(to, str_from(value));
        else
                cbor_put_null(to);
}

static inline void put_uint(Buf *to, const char *key, uint64_t value) {
        put_key(to, key);
        cbor_put_uint(to, value);
}

static inline void put_seconds(Buf *to, const char *key, uint64_t usec) {
        put_key(to, key);
        cbor_put_double(to, (double) usec / USEC_PER_SEC);
}

static inline void put_bool(Buf *to, const char *key, bool value) {
        put_key(to, key);
        cbor_put_bool(to, value);
}
