/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/waiter.h"

#include <errno.h>
#include <poll.h>

#include "tests/unit/test.h"

Fake fake;
aemp *a;
aemp_port *port, *other;
aemp_msg *msg;
Heard h;

void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_port_new(a, &other, heard_msg, &h), ==, 0);
}

void teardown(void) {
        aemp_port_unref(port);
        aemp_port_unref(other);
        aemp_unref(a);
        fake_deinit(&fake);
}

bool readable(void) {
        struct pollfd pfd = {.fd = aemp_get_fd(a), .events = POLLIN};

        return poll(&pfd, 1, 0) > 0;
}

void look(void) {
        check_int(aemp_port_recv(port, &msg, 0), ==, -ETIMEDOUT);
}

const char *content(void) {
        static Heard got;

        check_int(heard_msg(NULL, msg, &got), ==, 0);
        msg = aemp_msg_unref(msg);
        return heard(&got);
}
