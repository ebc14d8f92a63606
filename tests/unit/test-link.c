/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Links
 *
 * The options of a socket, as the kernel has them then.
 */

#include "daemon/net/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define MSEC 1000ULL
#define SEC 1000000ULL

typedef struct Options {
        int user_timeout; /* ms */
        int idle, interval, probes;
        int keepalive, nodelay;
} Options;

static int get(int fd, int level, int option) {
        socklen_t len = sizeof(int);
        int value = -1;

        check_int(getsockopt(fd, level, option, &value, &len), ==, 0);
        return value;
}

static Options options_of(uint64_t monitor_timeout, uint64_t heartbeat_interval) {
        PumpRoom room = {};
        Options options;
        Links links;
        int fd;

        links_init(&links, &room);
        links.monitor_timeout = monitor_timeout;
        links.heartbeat_interval = heartbeat_interval;
        links.nodelay = true;

        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check(fd >= 0);
        check_int(links_set_options(&links, fd), ==, 0);
        options = (Options){
                .user_timeout = get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT),
                .idle = get(fd, IPPROTO_TCP, TCP_KEEPIDLE),
                .interval = get(fd, IPPROTO_TCP, TCP_KEEPINTVL),
                .probes = get(fd, IPPROTO_TCP, TCP_KEEPCNT),
                .keepalive = get(fd, SOL_SOCKET, SO_KEEPALIVE),
                .nodelay = get(fd, IPPROTO_TCP, TCP_NODELAY),
        };
        close(fd);
        links_deinit(&links);
        return options;
}

TEST(defaults) {
        Options options = options_of(30 * SEC, 5 * SEC);

        check_int(options.user_timeout, ==, 24500);
        check_int(options.idle, ==, 5);
        check_int(options.interval, ==, 5);
        check_int(options.probes, ==, 4);
        check(options.keepalive && options.nodelay);
}

TEST(the_shortest) {
        Options options = options_of(1 * SEC, 100 * MSEC);

        check_int(options.user_timeout, ==, 450);
        check_int(options.idle, ==, 1);
        check_int(options.probes, ==, 1);
}

TEST(the_longest) {
        check_int(options_of(3600 * SEC, 600 * SEC).user_timeout, ==, 2999500);
        check_int(options_of(3600 * SEC, 100 * MSEC).user_timeout, ==, 3599400);
        check_int(options_of(3600 * SEC, 100 * MSEC).probes, ==, 127);
}

/* 0 would be the kernel's own, a quarter of an hour; and one packet may be lost. */
TEST(hardly_any_time_between) {
        check_int(options_of(1 * SEC, 1 * SEC - 1).user_timeout, ==, 250);
        check_int(options_of(30 * SEC, 30 * SEC - 1).user_timeout, ==, 250);
        check_int(options_of(5 * SEC, 4600 * MSEC).user_timeout, ==, 250);
        check_int(options_of(5 * SEC, 4000 * MSEC).user_timeout, ==, 500);
}
