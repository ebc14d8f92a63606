/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/kernel.h"

#include <err.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/process.h"
#include "tests/bench/sock.h"

#define TRIES 50
#define CALLS 1000

static void call_null(const int fd[2]) {
        (void) syscall(SYS_getppid);
}

static void call_write_read(const int fd[2]) {
        char octets[64] = {0};

        if (write(fd[0], octets, sizeof(octets)) < 0 || read(fd[1], octets, sizeof(octets)) < 0)
                err(1, "write or read");
}

static double best(void (*call)(const int fd[2]), const int fd[2]) {
        uint64_t least = UINT64_MAX;

        for (int i = 0; i < TRIES; i++) {
                uint64_t before = process_now(), took;

                for (int j = 0; j < CALLS; j++)
                        call(fd);

                took = process_now() - before;
                if (took < least)
                        least = took;
        }

        return (double) least / CALLS;
}

static void close_pair(const int fd[2]) {
        (void) close(fd[0]);
        (void) close(fd[1]);
}

void kernel_measure(Kernel *ret) {
        int fd[2];

        ret->null = best(call_null, NULL);

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
                err(1, "socketpair");
        ret->unix_ = best(call_write_read, fd);
        close_pair(fd);

        sock_tcp_pair(fd);
        sock_prepare(fd[0], /* nonblocking= */ false);
        ret->tcp = best(call_write_read, fd);
        close_pair(fd);
}
