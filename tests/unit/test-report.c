/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reports
 */

#include "daemon/report.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"
#include "tests/unit/test.h"

#define SECOND USEC_PER_SEC

/* The log, in memory. */
typedef struct Rig {
        Report report;
        int stderr_fd;
        int fd;
        char text[65536];
} Rig;

static void rig_init(Rig *rig) {
        *rig = (Rig){.stderr_fd = dup(STDERR_FILENO), .fd = memfd_create("log", MFD_CLOEXEC)};
        check(rig->stderr_fd >= 0 && rig->fd >= 0);
        check_int(dup2(rig->fd, STDERR_FILENO), >=, 0);
        log_set_level(LEVEL_INFO);
}

static void rig_deinit(Rig *rig) {
        check_int(dup2(rig->stderr_fd, STDERR_FILENO), >=, 0);
        close(rig->stderr_fd);
        close(rig->fd);
}

static void tell(
        Rig *rig, EventType type, const char *node, const char *who, const char *text, uint64_t now) {
        report_event(&rig->report, &(Event){type, node, who, text}, now);
}

/* How many lines have this in them. */
static unsigned count(Rig *rig, const char *what) {
        ssize_t n = pread(rig->fd, rig->text, sizeof(rig->text) - 1, 0);
        unsigned lines = 0;

        check_int(n, >=, 0);
        rig->text[n] = '\0';
        for (char *p = rig->text, *end; (end = strchr(p, '\n')); p = end + 1) {
                *end = '\0';
                lines += strstr(p, what) != NULL;
        }

        return lines;
}

static void strangers(Rig *rig, unsigned n, uint64_t now) {
        static unsigned next;

        for (unsigned i = 0; i < n; i++) {
                char who[32];

                snprintf(who, sizeof(who), "[2001:db8::%x]:1", next++);
                tell(rig, EVENT_CONN_REFUSED, NULL, who, "wrong", now);
        }
}

TEST(lines) {
        Rig rig;

        rig_init(&rig);
        tell(&rig, EVENT_NODE_UP, "x", "192.0.2.1:1", NULL, 0);
        tell(&rig, EVENT_NODE_DOWN, "x", "192.0.2.1:1", "gone", 0);
        tell(&rig, EVENT_CLIENT_ATTACHED, NULL, "echo[7]", NULL, 0);
        tell(&rig, EVENT_SEED_SELF, NULL, "192.0.2.1:1", "not told", 0);
        tell(&rig, EVENT_SEED_FAILED, NULL, "hub:1", "no", 0);
        tell(&rig, EVENT_CONNECT_FAILED, "y", NULL, "no", 0);
        check_int(count(&rig, " note: node is up: x at 192.0.2.1:1"), ==, 1);
        check_int(count(&rig, " note: node is down: x at 192.0.2.1:1: gone"), ==, 1);
        check_int(count(&rig, " info: client attached: echo[7]"), ==, 1);
        check_int(count(&rig, " note: seed is this node: 192.0.2.1:1"), ==, 1);
        check_int(count(&rig, "not told"), ==, 0);
        check_int(count(&rig, " note: can't connect to seed: hub:1: no"), ==, 1);
        check_int(count(&rig, " note: can't connect to node: y: no"), ==, 1);
        rig_deinit(&rig);
}

TEST(strangers_have_some_lines_a_second) {
        Rig rig;

        rig_init(&rig);
        strangers(&rig, 100, 5 * SECOND);
        check_int(count(&rig, "connection refused"), ==, 20);
        strangers(&rig, 1, 6 * SECOND - 1);
        check_int(count(&rig, "connection refused"), ==, 20);
        check_int(count(&rig, "left out"), ==, 0);

        strangers(&rig, 100, 6 * SECOND);
        check_int(count(&rig, "connection refused"), ==, 40);
        check_int(count(&rig, "81 more lines of this kind are left out: connections that were refused"), ==,
                1);
        rig_deinit(&rig);
}

TEST(strangers_hide_nobody_else) {
        Rig rig;

        rig_init(&rig);
        strangers(&rig, 100, SECOND);
        tell(&rig, EVENT_PROTOCOL_ERROR, "x", "192.0.2.1:1", "nonsense", SECOND);
        tell(&rig, EVENT_SLOW, "x", "192.0.2.1:1", "too much", SECOND);
        tell(&rig, EVENT_SLOW, NULL, "echo[7]", "too much", SECOND);
        tell(&rig, EVENT_REQUEST_FAILED, "x", "192.0.2.1:1", "can't", SECOND);
        tell(&rig, EVENT_CLIENT_REFUSED, NULL, "[8]", "what?", SECOND);
        tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "no", SECOND);
        check_int(count(&rig, "protocol error: x at"), ==, 1);
        check_int(count(&rig, "too slow, cut: x at"), ==, 1);
        check_int(count(&rig, "too slow, cut: echo[7]"), ==, 1);
        check_int(count(&rig, "request failed: x at"), ==, 1);
        check_int(count(&rig, "client refused: [8]"), ==, 1);
        check_int(count(&rig, "can't connect to node: y at"), ==, 1);
        rig_deinit(&rig);
}

TEST(each_kind_has_an_end) {
        Rig rig;

        rig_init(&rig);
        for (unsigned i = 0; i < 100; i++) {
                char who[32];

                snprintf(who, sizeof(who), "client[%u]", i);
                tell(&rig, EVENT_CLIENT_REFUSED, NULL, who, "what?", SECOND);
                tell(&rig, EVENT_REQUEST_FAILED, "x", "192.0.2.1:1", "can't", SECOND);
                tell(&rig, EVENT_CONNECT_FAILED, who, "192.0.2.1:1", "no", SECOND);
        }
        check_int(count(&rig, "client refused"), ==, 20);
        check_int(count(&rig, "request failed"), ==, 20);
        check_int(count(&rig, "can't connect"), ==, 20);
        rig_deinit(&rig);
}

TEST(what_is_not_logged_costs_nothing) {
        Rig rig;

        rig_init(&rig);
        log_set_level(LEVEL_WARN);
        for (unsigned i = 0; i < 100; i++)
                tell(&rig, EVENT_REQUEST_FAILED, "x", "192.0.2.1:1", "can't", SECOND);
        tell(&rig, EVENT_SLOW, "x", "192.0.2.1:1", "too much", SECOND);
        check_int(count(&rig, ""), ==, 1);
        rig_deinit(&rig);
}

TEST(the_same_failure_is_told_once_until_something_changes) {
        Rig rig;

        rig_init(&rig);
        for (unsigned i = 0; i < 10; i++)
                tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "no", i * SECOND);
        check_int(count(&rig, "can't connect"), ==, 1);
        tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "another reason", SECOND);
        check_int(count(&rig, "can't connect"), ==, 2);

        tell(&rig, EVENT_NODE_UP, "z", "192.0.2.1:3", NULL, 20 * SECOND);
        tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "no", 20 * SECOND);
        check_int(count(&rig, "can't connect"), ==, 3);
        rig_deinit(&rig);
}

TEST(a_stranger_is_told_once_whatever_its_port) {
        Rig rig;

        rig_init(&rig);
        for (unsigned i = 0; i < 100; i++) {
                char who[32];

                snprintf(who, sizeof(who), "192.0.2.1:%u", 1000 + i);
                tell(&rig, EVENT_CONN_REFUSED, "x", who, "wrong", i * SECOND);
        }
        check_int(count(&rig, "connection refused: x at 192.0.2.1:1000: wrong"), ==, 1);
        check_int(count(&rig, "connection refused"), ==, 1);

        tell(&rig, EVENT_CONN_REFUSED, "x", "192.0.2.2:1000", "wrong", 200 * SECOND);
        tell(&rig, EVENT_CONN_REFUSED, "y", "192.0.2.1:1000", "wrong", 200 * SECOND);
        tell(&rig, EVENT_CONN_REFUSED, "x", "192.0.2.1:1000", "wrong too", 200 * SECOND);
        check_int(count(&rig, "connection refused"), ==, 4);

        tell(&rig, EVENT_NODE_UP, "z", "192.0.2.1:3", NULL, 300 * SECOND);
        tell(&rig, EVENT_CONN_REFUSED, "x", "192.0.2.1:2000", "wrong", 300 * SECOND);
        check_int(count(&rig, "connection refused: x at 192.0.2.1:2000: wrong"), ==, 1);

        /* where we try to connect to, the port says who it is */
        tell(&rig, EVENT_SEED_FAILED, NULL, "hub:1", "no", 300 * SECOND);
        tell(&rig, EVENT_SEED_FAILED, NULL, "hub:2", "no", 300 * SECOND);
        check_int(count(&rig, "can't connect to seed"), ==, 2);
        rig_deinit(&rig);
}

TEST(strangers_do_not_make_it_forget) {
        Rig rig;

        rig_init(&rig);
        tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "no", SECOND);
        strangers(&rig, 1000, SECOND);
        tell(&rig, EVENT_CONNECT_FAILED, "y", "192.0.2.1:2", "no", 2 * SECOND);
        check_int(count(&rig, "can't connect"), ==, 1);
        rig_deinit(&rig);
}
