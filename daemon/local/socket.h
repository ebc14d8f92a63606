/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The attach socket
 *
 * A listening Unix socket in the file system, and its file.
 */

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef struct Socket {
        int fd;
        char *path;
        dev_t dev; /* of our file: it is removed only if it is still that one */
        ino_t ino;
} Socket;

#define SOCKET_INIT ((Socket){.fd = -1})

/* -EADDRINUSE: somebody listens there. -EEXIST: there is something that is no socket. -ENAMETOOLONG. gid -1:
 * leave it; if `group_must` is false, also when it can't be set. */
int socket_open(Socket *ret, const char *path, mode_t mode, gid_t group, bool group_must);
void socket_close(Socket *sock);
