/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configured node ID
 */

#include "daemon/config/nodeid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "wire/buf.h"
#include "wire/id.h"

#define RANDOM_CHARS 11 /* of 62: 65.5 bits */

static void put_random(Buf *buf) {
        static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        size_t have = 0;

        while (have < RANDOM_CHARS) {
                uint8_t octet;

                /* Fails only when interrupted. Above 248 it would not be evenly spread. */
                if (getrandom(&octet, 1, 0) != 1 || octet >= 4 * 62)
                        continue;

                buf_putc(buf, (uint8_t) alphabet[octet % 62]);
                have++;
        }
}

int nodeid_expand(const char *pattern, char **ret) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        size_t n = strlen(pattern);
        struct utsname host;
        char *id;

        (void) uname(&host);

        for (const char *p = pattern; *p; p++)
                if (p[0] == '%' && p[1] == 'n') {
                        buf_put_str(&buf, str_from(host.nodename));
                        p++;
                } else if (p[0] == '%' && p[1] == 'u') {
                        put_random(&buf);
                        p++;
                } else
                        buf_putc(&buf, (uint8_t) *p);

        if (n > 0 && pattern[n - 1] == '/')
                put_random(&buf);

        id = buf_error(&buf) < 0 ? NULL : strndup(buf.len ? (const char *) buf.data : "", buf.len);
        if (!id)
                return -ENOMEM;

        *ret = id;
        return node_id_is_valid(str_from(id)) ? 0 : -EINVAL;
}
