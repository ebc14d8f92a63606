/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Without a loop and without callbacks: a program that calls, waits, and goes on
 *
 *     $ ./waiting host2
 *     host2: 1763654400.250000
 *     host1#Zk3mPq81aB.9.2
 *     $ aempctl snd host1#Zk3mPq81aB.9.2 line 'one two three'
 *     $ aempctl snd host1#Zk3mPq81aB.9.2 urgent 'but first'
 *     $ aempctl snd host1#Zk3mPq81aB.9.2 quit
 *
 * It prints what is urgent before what is not, and ends when it is told to, or when it has heard nothing for
 * a minute. A thread of a larger program may do the same, with an attachment of its own.
 */

#include <aemp-client.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000 /* microseconds */

/* How far is its clock from ours? */
static int print_time(aemp *a, const char *node) {
        aemp_msg *msg;
        double time;
        int r;

        r = aemp_cal_wait(a, &msg, node, 5 * SECOND, "[s]", "time");
        if (r == -ECONNRESET || r == -ECONNREFUSED)
                aemp_msg_unref(msg); /* it says why */
        if (r < 0)
                return r;

        r = aemp_msg_unpack(msg, "[f]", &time);
        if (r >= 0)
                printf("%s: %f\n", node, time);
        aemp_msg_unref(msg);
        return r;
}

/* 1: the end. */
static int print_message(aemp_msg *msg) {
        const char *text = "";

        if (strcmp(aemp_msg_tag(msg), "quit") == 0)
                return 1;

        /* The tag was taken off by aemp_port_recv_tag() only. */
        if (aemp_msg_unpack(msg, "[s!]", &text) < 0 && aemp_msg_unpack(msg, "[s,s!]", NULL, &text) < 0)
                return 0;

        printf("%s: %s\n", aemp_msg_tag(msg), text);
        fflush(stdout);
        return 0;
}

static int receive(aemp_port *port) {
        aemp_msg *msg;
        int r = 0;

        while (r == 0) {
                r = aemp_port_recv_tag(port, &msg, "urgent", 0);
                if (r == -ETIMEDOUT)
                        r = aemp_port_recv(port, &msg, 60 * (uint64_t) SECOND);
                if (r < 0)
                        return r;

                r = print_message(msg);
                aemp_msg_unref(msg);
        }
        return r;
}

int main(int argc, char **argv) {
        aemp_port *port = NULL;
        char *error;
        aemp *a;
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: waiting NODE\n");
                return EXIT_FAILURE;
        }

        r = aemp_open_error(&a, NULL, "waiting", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        r = print_time(a, argv[1]);
        if (r >= 0)
                r = aemp_port_new(a, &port, NULL, NULL);
        if (r >= 0) {
                puts(aemp_port_id(port));
                fflush(stdout);
                r = receive(port);
        }
        if (r < 0)
                fprintf(stderr, "%s\n", strerror(-r));

        aemp_port_unref(port);
        (void) aemp_close(a, 5 * SECOND);
        aemp_unref(a);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
