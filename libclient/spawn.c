/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ports that are made by a function, somewhere else or here
 *
 * Who spawns a port chooses its name, and so can send to it and watch it before it is there. aempd takes
 * part in all of it, also when the function is one of ours: so what is sent right after the spawn arrives
 * right after it.
 */

#include "libclient/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/reason.h"

/* 1 to 255 printable ASCII characters, without #. */
static bool spawn_name_is_valid(Str name) {
        if (name.n == 0 || name.n > PORT_NAME_MAX)
                return false;

        for (size_t i = 0; i < name.n; i++)
                if (name.p[i] < ' ' || name.p[i] > '~' || name.p[i] == '#')
                        return false;
        return true;
}

/* aempd watches the port already, and tells those who do. */
static void spawn_fail(aemp *a, Str name, const char *text) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason = reason_make(&buf, STR_LIT("die"), str_from(text), STR_NULL);

        tell_own(a, "kil0", name, &reason);
}

static int spawn_port(aemp *a, Str name, aemp_port **ret) {
        aemp_port *port;
        int r;

        r = aemp_port_new(a, &port, NULL, NULL);
        if (r < 0)
                return r;

        r = name_give(a, port, name);
        if (r < 0) {
                port_die(port, &CONTENT_EMPTY); /* nobody knows it */
                aemp_port_unref(port);
                return r;
        }

        port->watched = true;
        *ret = port;
        return 0;
}

void spawn_run(aemp *a, Str name, Str function, const Content *args) {
        aemp_port *port;
        int r;

        /* aempd refuses these. A `kil0` from us would be taken for the end of the port that has the name. */
        if (!spawn_name_is_valid(name) || str_starts_with(name, home_prefix(&a->home)) ||
                port_by_name(a, name))
                return;

        r = spawn_port(a, name, &port);
        if (r < 0) {
                spawn_fail(a, name, strerrordesc_np(-r));
                return;
        }

        if (!func_run(a, port, function, args))
                port_die_text(port, "die", "the process does not have this function any more");
        aemp_port_unref(port);
}

static char *spawn_id(aemp *a, Str node) {
        char number[NUMBER_TEXT62_MAX], *id;
        Str prefix = home_prefix(&a->home);
        int n;

        n = (int) home_write_number(number, a->last_spawn + 1);
        n = asprintf(&id, "%.*s#%s%.*s%.*s", (int) node.n, node.p, SPAWN_MARK, (int) prefix.n, prefix.p, n,
                number);
        return n < 0 ? NULL : id;
}

static int spawn_check(aemp *a, char **ret, const char *node, const char *function) {
        int r;

        r = ask_check(a, node);
        if (r < 0)
                return r;

        return ret && func_name_is_valid(str_from(function)) ? 0 : -EINVAL;
}

static int spawn(aemp *a, char **ret, const char *node, const char *function, const Content *args) {
        Str there, name;
        char *id;
        int r;

        id = spawn_id(a, str_from(*node ? node : a->home.node));
        if (!id)
                return -ENOMEM;

        port_id_split(str_from(id), &there, &name);
        r = ask(a, node, (Str[]){STR_LIT(SPAWN_TAG), name, str_from(function)}, 3, args);
        if (r < 0) {
                free(id);
                return r;
        }

        a->last_spawn++;
        *ret = id;
        return 0;
}

int aemp_spawnv(
        aemp *a, char **ret, const char *node, const char *function, const char *format, va_list ap) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content args;
        int r;

        r = spawn_check(a, ret, node, function);
        r = pack(r, &buf, &args, format, ap);
        return r < 0 ? r : spawn(a, ret, node, function, &args);
}

int aemp_spawn(aemp *a, char **ret, const char *node, const char *function, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_spawnv(a, ret, node, function, format, ap);
        va_end(ap);
        return r;
}

int aemp_spawn_json(aemp *a, char **ret, const char *node, const char *function, json_t *arguments) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content args;
        int r;

        r = spawn_check(a, ret, node, function);
        if (r < 0)
                return r;

        r = pack_json(&buf, &args, arguments);
        return r < 0 ? r : spawn(a, ret, node, function, &args);
}
