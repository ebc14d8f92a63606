/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Functions, names and origins over real aempds: see test_functions.py
 *
 *      functions serve         has a port with a name, and functions
 *      functions use NODE      asks such a one there, and prints what it hears: origin, then the elements
 */

#include <aemp-client.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "test/functions"
#define TIMEOUT 5000000

#define check(r) check_line(r, #r)

static int lines; /* printed by callbacks */

static int check_line(int r, const char *what) {
        if (r >= 0)
                return r;

        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static int show(aemp *a, const char *what, aemp_msg *msg) {
        json_t *array;
        char *text;

        check(aemp_msg_json(msg, &array));
        text = json_dumps(array, JSON_COMPACT);
        printf("%s %s %s\n", aemp_origin(a), what, text);
        free(text);
        json_decref(array);
        lines++;
        return 0;
}

/* Until the callbacks have printed one more line. */
static void next_line(aemp *a) {
        int before = lines;

        while (lines == before) {
                if (check(aemp_process(a)) == 0 && lines == before && aemp_wait(a, TIMEOUT) == 0)
                        check(-ETIMEDOUT);
        }
}

/* --- the one that serves ---------------------------------------------------------------------------- */

/* "who", reply port */
static int on_who(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *to;
        int r;

        r = aemp_msg_unpack(msg, "[s]", &to);
        return r < 0 ? r
                     : aemp_snd(aemp_port_get(port), to, "[s,s]", "you", aemp_origin(aemp_port_get(port)));
}

/* reply port: below "Test::" */
static int on_call(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        const char *to;
        int r;

        r = aemp_msg_unpack(args, "[s]", &to);
        if (r < 0)
                return port ? r : 0;
        if (!port)
                return aemp_snd(a, to, "[s,s,s]", "called", aemp_func_name(a), aemp_origin(a));

        return aemp_snd(a, to, "[s,s,s,s]", "made", aemp_func_name(a), aemp_origin(a), aemp_port_id(port));
}

static int on_ready(aemp *a, int error, aemp_msg *msg, void *userdata) {
        check(error);
        printf("%s\n", aemp_node(a));
        return 0;
}

static void serve(aemp *a) {
        aemp_port *port;

        check(aemp_port_new(a, &port, NULL, NULL));
        check(aemp_rcv(port, NULL, "who", on_who, NULL));
        check(aemp_reg(port, NULL, NAME));
        check(aemp_func(a, NULL, "Test::", on_call, NULL));
        check(aemp_cal(a, NULL, "", TIMEOUT, on_ready, NULL, "[s]", "time"));
        while (aemp_process(a) >= 0)
                aemp_wait(a, AEMP_INFINITE);
}

/* --- the one that asks ------------------------------------------------------------------------------ */

static int on_message(aemp_port *port, aemp_msg *msg, void *userdata) {
        return show(aemp_port_get(port), "message", msg);
}

static int on_end(aemp *a, int error, aemp_msg *msg, void *userdata) {
        char **id = userdata;
        const char *s;

        check(error);
        if (aemp_msg_unpack(msg, "[s]", &s) >= 0)
                *id = strdup(s);
        return show(a, "reply", msg);
}

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        return show(a, "death", reason);
}

static int on_refused(aemp *a, const char *tag, const char *code, const char *text, void *userdata) {
        printf("refused %s %s\n", tag, code);
        return 0;
}

static void use_names(aemp *a, const char *node, const char *own) {
        char *id = NULL;

        check(aemp_cal(a, NULL, node, TIMEOUT, on_end, &id, "[s,s]", "wkp", NAME));
        next_line(a);
        check(id ? 0 : -ENOENT);
        check(aemp_snd(a, id, "[s,s]", "who", own));
        next_line(a);
        free(id);

        check(aemp_cal(a, NULL, node, TIMEOUT, on_end, &id, "[s,s]", "wkp", "nobody has this name"));
        next_line(a);
}

static void use_functions(aemp *a, const char *node, const char *own) {
        json_t *args = json_pack("[s]", own);
        char *id;

        check(aemp_snd_to_func(a, node, "Test::some::function", "[s]", own));
        next_line(a);
        check(aemp_snd_on(a, node, own, "[s]", "from elsewhere"));
        next_line(a);

        check(aemp_spawn_json(a, &id, node, "Test::maker", args));
        check(aemp_mon(a, NULL, id, on_death, NULL));
        next_line(a);
        printf("expected %s\n", id);
        check(aemp_kil(a, id, "[s,s]", "enough", "of it"));
        next_line(a);
        free(id);
        json_decref(args);

        /* The function fails; it is nobody's. */
        check(aemp_spawn(a, &id, node, "Test::maker", "[n]"));
        check(aemp_mon(a, NULL, id, on_death, NULL));
        next_line(a);
        free(id);
        check(aemp_spawn(a, &id, node, "Other::maker", NULL));
        check(aemp_snd(a, id, "[s]", "lost"));
        check(aemp_mon(a, NULL, id, on_death, NULL));
        next_line(a);
        free(id);
}

static void use(aemp *a, const char *node) {
        aemp_port *port;

        check(aemp_port_new(a, &port, on_message, NULL));
        check(aemp_on_refused(a, NULL, on_refused, NULL));
        use_names(a, node, aemp_port_id(port));
        use_functions(a, node, aemp_port_id(port));
        aemp_port_unref(port);
}

int main(int argc, char **argv) {
        aemp *a;

        setvbuf(stdout, NULL, _IOLBF, 0);
        check(aemp_open(&a, NULL, "functions"));
        if (argc == 2 && strcmp(argv[1], "serve") == 0)
                serve(a);
        else if (argc == 3 && strcmp(argv[1], "use") == 0)
                use(a, argv[2]);
        else
                check(-EINVAL);

        check(aemp_close(a, TIMEOUT));
        aemp_unref(a);
        return EXIT_SUCCESS;
}
