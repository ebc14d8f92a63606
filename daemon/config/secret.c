/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files with a secret
 */

#include "daemon/config/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/file.h"

static size_t without_line_end(const char *text, size_t n) {
        if (n > 0 && text[n - 1] == '\n')
                n--;
        if (n > 0 && text[n - 1] == '\r')
                n--;

        return n;
}

int secret_read(const char *path, bool open, char **ret, size_t *ret_len) {
        _cleanup_octets_ FileOctets octets = FILE_OCTETS_NONE;
        char *secret;
        size_t n;
        int r;

        r = file_read(&octets, path, SECRET_MAX + 2);
        if (r < 0)
                return r;
        if (octets.is_public && !open)
                return -EPERM;

        n = without_line_end(octets.p, octets.n);
        if (n > SECRET_MAX)
                return -EFBIG;
        if (n == 0)
                return -ENODATA;

        secret = malloc(n + 1);
        if (!secret)
                return -ENOMEM;

        memcpy(secret, octets.p, n);
        secret[n] = '\0';
        *ret = secret;
        *ret_len = n;
        return 0;
}

void secret_free(char *secret, size_t len) {
        if (secret)
                explicit_bzero(secret, len);
        free(secret);
}
