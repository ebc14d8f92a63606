/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * In a program with a loop of its own: poll(2)
 *
 *     $ ./poll-loop                       prints its port ID and what it gets
 *     $ ./poll-loop host1#Zk3mPq81aB.5.1  and sends each line that you type to that one
 *
 * There is one fd, it stays the same whatever happens to aempd, and only POLLIN ever matters.
 */

#include <aemp-client.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int on_line(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *line;
        int r;

        r = aemp_msg_unpack(msg, "[s]", &line);
        if (r < 0)
                return 0; /* somebody else's idea of a message */

        printf("> %s\n", line);
        return 0;
}

static int on_back(aemp *a, void *userdata) {
        printf("aempd is back, my port is now %s\n", aemp_port_id(userdata));
        return 0;
}

/* A line from the terminal. 1: the end. */
static int on_input(aemp *a, const char *to) {
        char line[1000];
        ssize_t n;
        int r;

        n = read(STDIN_FILENO, line, sizeof line);
        if (n <= 0)
                return 1;
        if (!to)
                return 0;

        r = aemp_snd(a, to, "[s,s%]", "line", line, (size_t) n - (line[n - 1] == '\n'));
        if (r < 0)
                fprintf(stderr, "not sent: %s\n", strerror(-r));
        return 0;
}

static int run(aemp *a, const char *to) {
        struct pollfd fds[2] = {
                {.fd = aemp_get_fd(a), .events = POLLIN},
                {.fd = STDIN_FILENO, .events = POLLIN},
        };
        int r;

        for (;;) {
                if (poll(fds, 2, -1) < 0)
                        return -1;
                if (fds[1].revents && on_input(a, to) > 0)
                        return 0;
                if (fds[0].revents) {
                        r = aemp_process(a);
                        if (r < 0)
                                return r;
                }
        }
}

int main(int argc, char **argv) {
        aemp_port *port;
        char *error;
        aemp *a;
        int r;

        r = aemp_open_error(&a, NULL, "poll-loop", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        setvbuf(stdout, NULL, _IOLBF, 0);
        r = aemp_port_new(a, &port, NULL, NULL);
        if (r >= 0)
                r = aemp_rcv(port, NULL, "line", on_line, NULL);
        if (r >= 0)
                r = aemp_on_reattach(a, NULL, on_back, port);
        if (r >= 0) {
                puts(aemp_port_id(port));
                r = run(a, argc > 1 ? argv[1] : NULL);
        }

        (void) aemp_close(a, 1000000); /* all that was sent goes out */
        aemp_port_unref(port);
        aemp_unref(a);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
