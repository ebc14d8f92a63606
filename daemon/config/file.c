/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading a whole file
 *
 * Opened without blocking and then looked at: whoever names a pipe or a terminal gets an error, not a daemon
 * that waits for ever.
 */

#include "daemon/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int file_read(FileOctets *ret, const char *path, size_t max) {
        _cleanup_octets_ FileOctets octets = FILE_OCTETS_NONE;
        _cleanup_fd_ int fd = -1;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        octets.is_public = st.st_mode & S_IROTH;
        octets.p = malloc(max + 1);
        if (!octets.p)
                return -ENOMEM;

        n = read_all(fd, octets.p, max + 1);
        if (n < 0) {
                octets.n = max; /* whatever came of it */
                return (int) n;
        }

        octets.n = (size_t) n;
        if (octets.n > max)
                return -EFBIG;

        octets.p[octets.n] = '\0';
        *ret = octets;
        octets.p = NULL;
        return 0;
}

void file_octets_free(FileOctets *octets) {
        if (octets->p)
                explicit_bzero(octets->p, octets->n);
        free(octets->p);
        *octets = FILE_OCTETS_NONE;
}

const char *file_error(int r, char text[FILE_ERROR_MAX]) {
        const struct passwd *user;

        if (r == -EBADF)
                return "not a regular file";
        if (r != -EACCES)
                return strerror(-r);

        user = getpwuid(geteuid());
        if (user)
                (void) snprintf(text, FILE_ERROR_MAX, "%s for user %s", strerror(EACCES), user->pw_name);
        else
                (void) snprintf(text, FILE_ERROR_MAX, "%s for user %u", strerror(EACCES), geteuid());
        return text;
}
