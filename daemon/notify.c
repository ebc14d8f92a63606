/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * News for the service manager
 *
 * sd_notify() waits while the receive queue of the manager is full, which is after some ten messages.
 */

#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/io/fd.h"

#define NOTIFY_MAX 512

static int notify_send(const char *path, const char *text) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        size_t n = strlen(path);
        _cleanup_fd_ int fd = -1;

        if (n == 0 || n >= sizeof(un.sun_path))
                return -EINVAL;

        memcpy(un.sun_path, path, n);
        if (un.sun_path[0] == '@')
                un.sun_path[0] = '\0'; /* abstract */

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;

        if (sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *) &un,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n)) < 0)
                return -errno;

        return 0;
}

int notify_now(const char *format, ...) {
        const char *path = getenv("NOTIFY_SOCKET");
        char text[NOTIFY_MAX];
        va_list ap;

        if (!path)
                return 0;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        return notify_send(path, text);
}
