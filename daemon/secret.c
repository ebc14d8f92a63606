/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files with a secret
 */

#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/io/fd.h"

static ssize_t read_all(int fd, char *to, size_t max) {
        size_t n = 0;

        while (n < max) {
                ssize_t k = read(fd, to + n, max - n);

                if (k < 0 && errno != EINTR)
                        return -errno;
                if (k == 0)
                        break;
                n += k > 0 ? (size_t) k : 0;
        }

        return (ssize_t) n;
}

static size_t without_line_end(const char *text, size_t n) {
        if (n > 0 && text[n - 1] == '\n')
                n--;
        if (n > 0 && text[n - 1] == '\r')
                n--;

        return n;
}

int secret_read(const char *path, char **ret, size_t *ret_len) {
        _cleanup_fd_ int fd = -1;
        char octets[SECRET_MAX + 3], *secret;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_mode & S_IROTH)
                return -EPERM;

        n = read_all(fd, octets, sizeof(octets));
        if (n < 0)
                return (int) n;

        n = (ssize_t) without_line_end(octets, (size_t) n);
        if (n > SECRET_MAX)
                return -EFBIG;
        if (n == 0)
                return -ENODATA;

        secret = malloc((size_t) n + 1);
        if (secret) {
                memcpy(secret, octets, (size_t) n);
                secret[n] = '\0';
                *ret = secret;
                *ret_len = (size_t) n;
        }

        explicit_bzero(octets, sizeof(octets));
        return secret ? 0 : -ENOMEM;
}

void secret_free(char *secret, size_t len) {
        if (secret)
                explicit_bzero(secret, len);
        free(secret);
}
