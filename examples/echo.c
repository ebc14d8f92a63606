/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A port that sends every message back
 *
 *     $ ./echo
 *     host1#Zk3mPq81aB.7.1
 *
 * and in another terminal, on any host of the network:
 *
 *     $ aempctl cal host1#Zk3mPq81aB.7.1 hello 42
 *
 * By AEMP's custom the last element of a call is the port that the reply goes to. Build it with
 *
 *     cc echo.c $(pkg-config --cflags --libs libaemp-client jansson)
 */

#include <aemp-client.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A port, and not a node: what is sent to a node is a request, and would be ours. */
static int is_port(const char *id) {
        const char *name = id ? strchr(id, '#') : NULL;

        return name && name[1] != '\0';
}

static int on_message(aemp_port *port, aemp_msg *msg, void *userdata) {
        json_t *array;
        size_t last;
        int r;

        r = aemp_msg_json(msg, &array);
        if (r < 0)
                return r;

        last = json_array_size(array) - 1; /* of an empty array there is no such element: not a string */
        if (is_port(json_string_value(json_array_get(array, last)))) {
                char *to = strdup(json_string_value(json_array_get(array, last)));

                json_array_remove(array, last);
                r = to ? aemp_snd_json(aemp_port_get(port), to, array) : -ENOMEM;
                free(to);
        }

        json_decref(array);
        return r == -EINVAL ? 0 : r; /* it was no port ID */
}

int main(void) {
        aemp_port *port;
        char *error;
        aemp *a;
        int r;

        r = aemp_open_error(&a, NULL, "echo", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        r = aemp_port_new(a, &port, on_message, NULL);
        if (r >= 0) {
                puts(aemp_port_id(port));
                fflush(stdout);
        }

        while (r >= 0 && aemp_port_is_alive(port)) {
                r = aemp_process(a);
                if (r == 0)
                        r = aemp_wait(a, AEMP_INFINITE);
        }

        aemp_port_unref(port);
        aemp_unref(a);
        return EXIT_FAILURE;
}
