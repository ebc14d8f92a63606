/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ports that others make here: a function, and a client that has a port of its own made by it
 *
 *     host1$ ./spawner offer
 *     Example::counter::start on host1
 *     host2$ ./spawner use host1 3
 *     host1#s-Zk3mPq81aB.4.1: 1
 *     host1#s-Zk3mPq81aB.4.1: 2
 *     host1#s-Zk3mPq81aB.4.1: 3
 *     host1#s-Zk3mPq81aB.4.1 is done
 *
 * The client knows the new port's ID before the other side has heard of it, so nothing has to be waited for:
 * the calls follow the spawn on the same way. Nobody has that function, the function fails, its process or
 * its host dies: the client's monitor says so. And the counter watches the client, or it would live for
 * ever.
 */

#include <aemp-client.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION "Example::counter::start"
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

typedef struct Counter {
        aemp_port *port;
        long long next;
} Counter;

/* "count", reply port */
static int on_count(aemp_port *port, aemp_msg *msg, void *userdata) {
        Counter *counter = userdata;
        const char *reply_to;
        int r;

        r = aemp_msg_unpack(msg, "[s]", &reply_to);
        if (r < 0)
                return r;
        return aemp_snd(aemp_port_get(port), reply_to, "[I]", counter->next++);
}

/* "stop", also when the client has ended, however it did */
static int on_stop(aemp_port *port, aemp_msg *msg, void *userdata) {
        return aemp_port_kil(port, NULL);
}

/* When aempd went away, the port is still there, but who spawned it can't reach it any more. */
static int on_counter_gone(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        Counter *counter = userdata;

        printf("%s is gone\n", id);
        if (aemp_port_is_alive(counter->port))
                (void) aemp_port_kil(counter->port, NULL);
        aemp_port_unref(counter->port);
        free(counter);
        return 0;
}

/* first number, port of the client */
static int start_counter(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        const char *client;
        Counter *counter;
        long long first;
        int r;

        if (!port)
                return 0; /* it was only called */

        r = aemp_msg_unpack(args, "[I,s]", &first, &client);
        if (r < 0)
                return r; /* the end of this port, with a text that says what was wrong */

        counter = malloc(sizeof *counter);
        if (!counter)
                return -ENOMEM;
        *counter = (Counter){aemp_port_ref(port), first};

        r = aemp_mon(a, NULL, aemp_port_id(port), on_counter_gone, counter);
        if (r < 0) {
                aemp_port_unref(port);
                free(counter);
                return r;
        }

        printf("%s for %s on %s\n", aemp_port_id(port), client, aemp_origin(a));
        r = aemp_mon_snd(a, NULL, client, aemp_port_id(port), "[s]", "stop");
        if (r >= 0)
                r = aemp_rcv(port, NULL, "stop", on_stop, NULL);
        if (r >= 0)
                r = aemp_rcv(port, NULL, "count", on_count, counter);
        return r;
}

/* aempd has heard of the function. */
static int on_registered(aemp *a, int error, aemp_msg *msg, void *userdata) {
        if (error == 0)
                printf("%s on %s\n", FUNCTION, aemp_node(a));
        return error;
}

static int offer(aemp *a) {
        int never = 0, r;

        r = aemp_func(a, NULL, FUNCTION, start_counter, NULL);
        if (r >= 0)
                r = aemp_cal(a, NULL, "", TIMEOUT, on_registered, NULL, "[s]", "time");
        return r < 0 ? r : run(a, &never);
}

typedef struct Client {
        char *counter;
        int done;
        int failed;
} Client;

static int on_number(aemp *a, int error, aemp_msg *msg, void *userdata) {
        Client *client = userdata;
        long long n;

        if (error < 0)
                return 0; /* its monitor has something to say */
        if (aemp_msg_unpack(msg, "[I]", &n) >= 0)
                printf("%s: %lld\n", client->counter, n);
        return 0;
}

static int on_counter_died(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        const char *what = "", *text = "";
        Client *client = userdata;

        client->done = 1;
        client->failed = aemp_msg_length(reason) > 0;
        (void) aemp_msg_unpack(reason, "[s,s]", &what, &text);
        if (client->failed)
                fprintf(stderr, "%s died: %s, %s\n", id, what, text);
        else
                printf("%s is done\n", id);
        return 0;
}

static int use(aemp *a, const char *node, int n) {
        aemp_port *port = NULL;
        Client client = {0};
        int r;

        r = aemp_port_new(a, &port, NULL, NULL);
        if (r >= 0)
                r = aemp_spawn(a, &client.counter, node, FUNCTION, "[i,s]", 1, aemp_port_id(port));
        if (r >= 0)
                r = aemp_mon(a, NULL, client.counter, on_counter_died, &client);
        for (int i = 0; i < n && r >= 0; i++)
                r = aemp_cal(a, NULL, client.counter, TIMEOUT, on_number, &client, "[s]", "count");
        if (r >= 0)
                r = aemp_snd(a, client.counter, "[s]", "stop");
        if (r >= 0)
                r = run(a, &client.done);

        aemp_port_unref(port);
        free(client.counter);
        return r < 0 ? r : client.failed ? -ECONNRESET : 0;
}

int main(int argc, char **argv) {
        char *error;
        aemp *a;
        int r;

        r = aemp_open_error(&a, NULL, "spawner", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc == 2 && strcmp(argv[1], "offer") == 0)
                r = offer(a);
        else if (argc == 4 && strcmp(argv[1], "use") == 0)
                r = use(a, argv[2], atoi(argv[3]));
        else
                r = -EINVAL;

        (void) aemp_close(a, TIMEOUT);
        aemp_unref(a);
        if (r == -EINVAL)
                fprintf(stderr, "usage: spawner offer | spawner use NODE HOW_MANY\n");
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
