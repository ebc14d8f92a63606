/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * File descriptors that are owned
 */

#include <errno.h>
#include <unistd.h>

/* Closes what is one, keeps errno, returns -1: `fd = fd_close(fd)`. */
static inline int fd_close(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void) close(fd);

        errno = saved;
        return -1;
}

/* Hands it on: the variable is -1 afterwards. */
static inline int fd_steal(int *fd) {
        int stolen = *fd;

        *fd = -1;
        return stolen;
}

static inline void fd_closep(int *fd) {
        *fd = fd_close(*fd);
}
#define _cleanup_fd_ __attribute__((cleanup(fd_closep)))
