/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * New files with keys in them
 */

#include "ctl/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *octets, size_t n) {
        while (n > 0) {
                ssize_t written = write(fd, octets, n);

                if (written < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                octets += written;
                n -= (size_t) written;
        }

        return 0;
}

/* Half a file would be in the way of the next try. */
int keyfile_write(const char *path, const char *octets, size_t n) {
        int fd, r;

        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        /* of a strict umask, too */
        r = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, octets, n);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        if (r < 0)
                (void) unlink(path);
        return r;
}
