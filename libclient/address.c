/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where aempd is
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "libclient/address.h"

#define SYSTEM_PATH "/run/aempd/aempd.sock"
#define SCHEME "unix:path="

static int path_copy(const char *path, char **ret) {
        char *copy;

        if (path[0] == '\0' || strlen(path) >= sizeof((struct sockaddr_un *) NULL)->sun_path)
                return -EINVAL;

        copy = strdup(path);
        if (!copy)
                return -ENOMEM;

        *ret = copy;
        return 0;
}

/* 1 when there is a socket of the user's own aempd. */
static int path_of_user(char **ret) {
        const char *dir = secure_getenv("XDG_RUNTIME_DIR");
        char *path;

        if (!dir || dir[0] != '/')
                return 0;
        if (asprintf(&path, "%s/aempd/aempd.sock", dir) < 0)
                return -ENOMEM;

        if (access(path, F_OK) < 0 || strlen(path) >= sizeof((struct sockaddr_un *) NULL)->sun_path) {
                free(path);
                return 0;
        }

        *ret = path;
        return 1;
}

int address_resolve(const char *address, char **ret_path) {
        int r;

        if (!address)
                address = secure_getenv("AEMP_ADDRESS");

        if (address) {
                if (strncmp(address, SCHEME, strlen(SCHEME)) != 0)
                        return -EINVAL;
                return path_copy(address + strlen(SCHEME), ret_path);
        }

        r = path_of_user(ret_path);
        if (r != 0)
                return r < 0 ? r : 0;
        return path_copy(SYSTEM_PATH, ret_path);
}

static int set_wait(int fd, unsigned timeout) {
        struct timeval tv = {.tv_sec = timeout / 1000000, .tv_usec = timeout % 1000000};

        return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

int address_connect(const char *path, unsigned timeout) {
        struct sockaddr_un sun = {.sun_family = AF_UNIX};
        int fd, r = 0;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (timeout > 0 ? 0 : SOCK_NONBLOCK), 0);
        if (fd < 0)
                return -errno;

        strcpy(sun.sun_path, path);
        if (timeout > 0)
                r = set_wait(fd, timeout);
        if (r >= 0 && connect(fd, (struct sockaddr *) &sun, sizeof(sun)) < 0)
                r = errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (r >= 0 && timeout > 0 && fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
                r = -errno;
        if (r < 0) {
                (void) close(fd);
                return r;
        }

        return fd;
}
