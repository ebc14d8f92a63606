/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An aempd without a file, a thread or time
 */

#include "no-aempd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fuzz.h"

static int other = -1; /* the end of the pair that is aempd's */
static FrameReader said;
static bool line_said; /* what the library says first */
static unsigned attachments;
static const char *line; /* of aempd, in place of the usual one */
static size_t line_size;

static time_t later; /* seconds that the clock was set forward */
static int timer = -1;

#pragma GCC visibility push(default) /* the library is to find these */
int connect(int fd, const struct sockaddr *address, socklen_t size);
int clock_gettime(clockid_t clock, struct timespec *ret);
int timerfd_create(clockid_t clock, int flags);

int clock_gettime(clockid_t clock, struct timespec *ret) {
        int r = (int) syscall(SYS_clock_gettime, clock, ret);

        ret->tv_sec += clock == CLOCK_MONOTONIC ? later : 0;
        return r;
}

int timerfd_create(clockid_t clock, int flags) {
        return timer = (int) syscall(SYS_timerfd_create, clock, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
        char usual[100];
        int pair[2], n;

        aempd_hang_up();
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        must(dup3(pair[0], fd, O_CLOEXEC) == fd);
        (void) close(pair[0]);
        other = pair[1];
        line_said = false;
        frame_reader_deinit(&said);
        frame_reader_init(&said, FRAMING_CBOR, SIZE_MAX);

        n = snprintf(usual, sizeof usual, "aemp-client;1;host1;;cbor;prefix=P%u.;max_message=1000\n",
                ++attachments);
        if (line) {
                (void) send(other, line, line_size, MSG_NOSIGNAL);
                if (line_size == 0 || line[line_size - 1] != '\n')
                        (void) shutdown(other, SHUT_WR);
        } else {
                must(send(other, usual, (size_t) n, MSG_NOSIGNAL) == n);
        }
        line = NULL;
        return 0;
}
#pragma GCC visibility pop

void sleep_for(time_t seconds) {
        struct itimerspec soon = {.it_value.tv_nsec = 1};

        later += seconds;
        if (timer >= 0)
                (void) timerfd_settime(timer, 0, &soon, NULL);
}

/* What the library says is a line, then messages. */
static void hear(void) {
        uint8_t chunk[4096];
        const uint8_t *p;
        ssize_t n;
        Frame frame;
        int r = 0;

        while (other >= 0 && (n = recv(other, chunk, sizeof chunk, MSG_DONTWAIT)) > 0) {
                p = chunk;
                if (!line_said) {
                        p = memchr(chunk, '\n', (size_t) n);
                        must(p);
                        p++;
                        n -= p - chunk;
                        line_said = true;
                }
                while ((r = frame_reader_next(&said, &p, (size_t *) &n, &frame)) > 0)
                        must(frame.len > 1 && frame.p[0] >> 5 == 4);
                must(r == 0);
        }
}

void aempd_say(const uint8_t *data, size_t size) {
        hear();
        if (other >= 0)
                (void) send(other, data, size, MSG_NOSIGNAL);
}

void aempd_hang_up(void) {
        hear();
        if (other >= 0)
                (void) close(other);
        other = -1;
}

void aempd_start(const char *first_line, size_t size) {
        line = first_line;
        line_size = size;
        attachments = 0;
}

void aempd_stop(void) {
        aempd_hang_up();
        frame_reader_deinit(&said);
        later = 0;
        timer = -1;
}
