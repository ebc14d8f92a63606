/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The attach socket
 *
 * A file left by an aempd that crashed is in the way, one of an aempd that runs must stay: whether somebody
 * answers tells them apart. The file is nobody's until its owner and mode are set, and only then listened
 * on, so that there is no moment in which the wrong ones get in.
 */

#include "daemon/local/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/io/fd.h"

#define SOCKET_BACKLOG 512

static int socket_address(struct sockaddr_un *ret, const char *path) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};

        if (strlen(path) >= sizeof(un.sun_path))
                return -ENAMETOOLONG;

        (void) stpcpy(un.sun_path, path);
        *ret = un;
        return 0;
}

static int socket_new(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        return fd < 0 ? -errno : fd;
}

/* Removes a socket that nobody listens on. */
static int remove_stale(const struct sockaddr_un *un) {
        _cleanup_fd_ int fd = -1;
        struct stat st;

        if (lstat(un->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;

        fd = socket_new();
        if (fd < 0)
                return fd;

        if (connect(fd, (const struct sockaddr *) un, sizeof(*un)) >= 0 || errno == EAGAIN)
                return -EADDRINUSE;
        if (errno != ECONNREFUSED && errno != ENOENT)
                return -errno;

        return unlink(un->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_file(int fd, const struct sockaddr_un *un) {
        mode_t saved = umask(0777);
        int r = bind(fd, (const struct sockaddr *) un, sizeof(*un)) < 0 ? -errno : 0;

        (void) umask(saved);
        return r;
}

static int set_access(const char *path, mode_t mode, gid_t group, bool group_must) {
        if (group != (gid_t) -1 && chown(path, (uid_t) -1, group) < 0 && group_must)
                return -errno;

        return chmod(path, mode) < 0 ? -errno : 0;
}

int socket_open(Socket *ret, const char *path, mode_t mode, gid_t group, bool group_must) {
        _cleanup_fd_ int fd = -1;
        struct sockaddr_un un;
        struct stat st;
        char *copy;
        int r;

        r = socket_address(&un, path);
        if (r < 0)
                return r;

        r = remove_stale(&un);
        if (r < 0)
                return r;

        fd = socket_new();
        if (fd < 0)
                return fd;

        copy = strdup(path);
        if (!copy)
                return -ENOMEM;

        r = bind_file(fd, &un);
        if (r < 0) {
                free(copy);
                return r;
        }

        r = set_access(path, mode, group, group_must);
        if (r >= 0 && (lstat(path, &st) < 0 || listen(fd, SOCKET_BACKLOG) < 0))
                r = -errno;
        if (r < 0) {
                (void) unlink(path);
                free(copy);
                return r;
        }

        *ret = (Socket){.fd = fd_steal(&fd), .path = copy, .dev = st.st_dev, .ino = st.st_ino};
        return 0;
}

void socket_close(Socket *sock) {
        struct stat st;

        if (sock->path && lstat(sock->path, &st) >= 0 && st.st_dev == sock->dev && st.st_ino == sock->ino)
                (void) unlink(sock->path);

        sock->fd = fd_close(sock->fd);
        free(sock->path);
        *sock = SOCKET_INIT;
}
