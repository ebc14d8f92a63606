/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names of ports
 *
 * The text of a chosen name is in the port's ID.
 */

#include "libclient/name.h"

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"

static Str chosen_name(const aemp_port *port) {
        Str node, name;

        port_id_split(str_from(port->id), &node, &name);
        return name;
}

static bool name_is(const void *thing, const void *arg) {
        const Name *name = thing;

        return str_equal(chosen_name(name->port), *(const Str *) arg);
}

static Name *name_find(const aemp *a, Str text) {
        if (a->names.n == 0)
                return NULL;

        return table_find(&a->names, hash_str(a->seed, text), name_is, &text);
}

/* "node#name" */
static char *id_make(const Home *home, Str name) {
        size_t n = home->node_len + 1;
        char *id;

        id = malloc(n + name.n + 1);
        if (!id)
                return NULL;

        memcpy(id, home->base, n);
        memcpy(id + n, name.p, name.n);
        id[n + name.n] = '\0';
        return id;
}

int name_give(aemp *a, aemp_port *port, Str text) {
        Name *name;
        char *id;

        id = id_make(&a->home, text);
        name = malloc(sizeof(*name));
        if (!id || !name)
                goto no_memory;

        *name = (Name){hash_str(a->seed, text), port};
        if (table_add(&a->names, name) < 0)
                goto no_memory;

        free(port->id);
        port->id = id;
        port->named = true;
        port->early = a->kept.early > 0;
        return 0;

no_memory:
        free(id);
        free(name);
        return -ENOMEM;
}

void name_drop(aemp *a, aemp_port *port) {
        Name *name = name_find(a, chosen_name(port));

        table_remove(&a->names, name);
        free(name);
        port->named = false;
}

void names_clear(aemp *a) {
        Name *name;
        size_t i = 0;

        while ((name = table_next(&a->names, &i))) {
                name->port->named = false;
                free(name);
        }
        table_deinit(&a->names);
}

aemp_port *port_by_name(aemp *a, Str text) {
        aemp_port *port;
        uint64_t number;
        Name *name;

        if (home_read_name(&a->home, text, &number)) {
                port = port_find(a, number);
                return port && !port->named ? port : NULL;
        }

        name = name_find(a, text);
        return name ? name->port : NULL;
}

aemp_port *port_by_name_or_id(aemp *a, Str name) {
        Str here = {a->home.base, a->home.node_len + 1};

        if (str_starts_with(name, here))
                name = (Str){name.p + here.n, name.n - here.n};
        return port_by_name(a, name);
}

Str port_name(const aemp *a, const aemp_port *port, char room[static NAME_ROOM]) {
        Str prefix = home_prefix(&a->home);

        if (port->named)
                return chosen_name(port);

        memcpy(room, prefix.p, prefix.n);
        return (Str){room, prefix.n + home_write_number(room + prefix.n, port->number)};
}
