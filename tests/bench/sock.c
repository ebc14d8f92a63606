/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/sock.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER (4 * 1024 * 1024)

void sock_prepare(int fd, bool nonblocking) {
        int buffer = BUFFER, yes = 1;

        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* if it is one of TCP */

        if (nonblocking && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                err(1, "fcntl");
}

void sock_tcp_pair(int ret[2]) {
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(sa);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ret[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ret[0] < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 1) < 0 ||
                getsockname(fd, (struct sockaddr *) &sa, &n) < 0 ||
                connect(ret[0], (struct sockaddr *) &sa, sizeof(sa)) < 0)
                err(1, "TCP on loopback");

        ret[1] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (ret[1] < 0)
                err(1, "accept");
        (void) close(fd);
}

Sock *sock_open(const char *path) {
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        Sock *sock = calloc(1, sizeof(*sock));

        if (!sock || strlen(path) >= sizeof(sa.sun_path))
                errx(1, "%s: no memory, or the path is too long", path);
        strcpy(sa.sun_path, path);

        sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sock->fd < 0 || connect(sock->fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                err(1, "%s", path);
        sock_prepare(sock->fd, /* nonblocking= */ false);

        return sock;
}

void sock_close(Sock *sock) {
        (void) close(sock->fd);
        free(sock);
}

void sock_flush(Sock *sock) {
        size_t at = 0;

        while (at < sock->out_len) {
                ssize_t n = write(sock->fd, sock->out + at, sock->out_len - at);

                if (n < 0)
                        err(1, "write");
                at += (size_t) n;
        }
        sock->out_len = 0;
}

void sock_read(Sock *sock) {
        ssize_t n;

        if (sock->in_len > sizeof(sock->in) - SOCK_PIECE)
                errx(1, "a message is too large");

        n = read(sock->fd, sock->in + sock->in_len, SOCK_PIECE);
        if (n < 0)
                err(1, "read");
        if (n == 0)
                errx(1, "the daemon closed the connection");

        sock->in_len += (size_t) n;
}

void sock_used(Sock *sock, size_t n) {
        sock->in_len -= n;
        memmove(sock->in, sock->in + n, sock->in_len);
}
