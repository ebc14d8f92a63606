/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls: a server, and a client that is told in any case
 *
 *     $ ./rpc server
 *     host1#Zk3mPq81aB.9.1
 *     $ ./rpc client host1#Zk3mPq81aB.9.1 20 22
 *     42
 *
 * Stop the server while the client calls, unplug its host, give the client a port that does not exist: the
 * call ends, and says how.
 */

#include <aemp-client.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT 5000000 /* microseconds */

static int run(aemp *a, const int *done) {
        int r = 0;

        while (r >= 0 && !*done) {
                r = aemp_process(a);
                if (r == 0 && !*done)
                        r = aemp_wait(a, AEMP_INFINITE);
        }
        return r;
}

/* "add", a, b, reply port */
static int on_add(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *reply_to;
        long long x, y;
        int r;

        r = aemp_msg_unpack(msg, "[I,I,s]", &x, &y, &reply_to);
        if (r < 0)
                return 0; /* a server lives on; the caller's time-out will tell him */

        return aemp_snd(aemp_port_get(port), reply_to, "[I]", x + y);
}

static int server(aemp *a) {
        int never = 0, r;
        aemp_port *port;

        r = aemp_port_new(a, &port, NULL, NULL);
        if (r < 0)
                return r;

        r = aemp_rcv(port, NULL, "add", on_add, NULL);
        if (r >= 0) {
                puts(aemp_port_id(port));
                fflush(stdout);
                r = run(a, &never);
        }
        aemp_port_unref(port);
        return r;
}

static int on_answer(aemp *a, int error, aemp_msg *msg, void *userdata) {
        int *done = userdata;
        const char *what = "it ended normally", *text = "";
        long long sum;

        *done = 1;
        if (error == 0 && aemp_msg_unpack(msg, "[I]", &sum) >= 0) {
                printf("%lld\n", sum);
                return 0;
        }

        (void) aemp_msg_unpack(msg, "[s,s]", &what, &text);
        fprintf(stderr, "%s: %s %s\n", strerror(-error), what, text);
        return error;
}

static int client(aemp *a, const char *to, const char *x, const char *y) {
        int done = 0, r;

        r = aemp_cal(a, NULL, to, TIMEOUT, on_answer, &done, "[s,I,I]", "add", atoll(x), atoll(y));
        if (r < 0)
                return r;
        return run(a, &done);
}

int main(int argc, char **argv) {
        char *error;
        aemp *a;
        int r;

        r = aemp_open_error(&a, NULL, "rpc", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        if (argc == 2 && strcmp(argv[1], "server") == 0)
                r = server(a);
        else if (argc == 5 && strcmp(argv[1], "client") == 0)
                r = client(a, argv[2], argv[3], argv[4]);
        else
                r = -EINVAL;

        (void) aemp_close(a, TIMEOUT);
        aemp_unref(a);
        if (r == -EINVAL)
                fprintf(stderr, "usage: rpc server | rpc client PORT NUMBER NUMBER\n");
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
