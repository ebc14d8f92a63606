/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ports of this process
 *
 * A port lives while it is in the table, which holds a reference; the memory may live longer. aempd knows of
 * a port only while it watches it for somebody, so ports that nobody watches are born and die without a
 * word.
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/port.h"
#include "libclient/reason.h"

aemp_port *port_find(aemp *a, uint64_t number) {
        return table_find(&a->ports, number, NULL, NULL);
}

PortMore *port_more(aemp_port *port) {
        PortMore *more = port->more;

        if (more)
                return more;

        more = calloc(1, sizeof(*more));
        if (!more)
                return NULL;

        list_init(&more->rcvs);
        list_init(&more->patterns);
        list_init(&more->kept);
        list_init(&more->slots);
        port->more = more;
        return more;
}

const char *port_id(aemp *a, aemp_port *port) {
        char number[NUMBER_TEXT62_MAX];
        size_t n, base = a->home.base_len;

        if (port->id)
                return port->id;

        n = home_write_number(number, port->number);
        port->id = malloc(base + n + 1);
        if (!port->id)
                return NULL;

        memcpy(port->id, a->home.base, base);
        memcpy(port->id + base, number, n);
        port->id[base + n] = '\0';
        return port->id;
}

int port_adopt(aemp_port *port, aemp_slot *slot) {
        if (!port_more(port))
                return -ENOMEM;

        list_unlink(&slot->port_link);
        list_append(&port->more->slots, &slot->port_link);
        slot->port = port;
        return 0;
}

int aemp_port_new(aemp *a, aemp_port **ret, aemp_msg_fn fn, void *userdata) {
        aemp_port *port;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;

        port = calloc(1, sizeof(*port));
        if (!port)
                return -ENOMEM;

        *port = (aemp_port){
                .a = a,
                .number = a->last_number + 1,
                .fn = fn,
                .userdata = userdata,
                .ref = 1,
        };
        r = table_add(&a->ports, port);
        if (r < 0) {
                free(port);
                return r;
        }

        a->last_number++;
        if (ret)
                *ret = aemp_port_ref(port);
        return 0;
}

aemp_port *aemp_port_ref(aemp_port *port) {
        if (port)
                port->ref++;
        return port;
}

aemp_port *aemp_port_unref(aemp_port *port) {
        if (!port || --port->ref > 0)
                return NULL;

        free(port->id);
        free(port);
        return NULL;
}

const char *aemp_port_id(aemp_port *port) {
        return port && port->a ? port_id(port->a, port) : NULL;
}

int aemp_port_is_alive(aemp_port *port) {
        return port && port->a;
}

aemp *aemp_port_get(aemp_port *port) {
        return port ? port->a : NULL;
}

static void more_end(aemp *a, PortMore *more, const Content *reason) {
        list_move(&more->rcvs, &more->patterns);
        while (!list_is_empty(&more->rcvs))
                slot_end(container_of(more->rcvs.next, aemp_slot, link));
        kept_drop(a, &more->kept);
        while (!list_is_empty(&more->slots))
                slot_end(container_of(more->slots.next, aemp_slot, port_link));

        if (more->death && reason && !list_is_empty(&more->death->mons)) {
                death_set_reason(more->death, reason);
                local_death(a, more->death);
        } else {
                death_free(more->death);
        }
        free(more);
}

/* Without a reason nobody is told. */
static void port_end(aemp_port *port, const Content *reason) {
        PortMore *more = port->more;
        aemp *a = port->a;

        port->a = NULL;
        port->more = NULL;
        if (more)
                more_end(a, more, reason);
        aemp_port_unref(port);
}

void port_die(aemp_port *port, const Content *reason) {
        aemp *a = port->a;

        table_remove(&a->ports, port);
        if (port->watched)
                tell_death(a, port, reason);
        if (port->named)
                name_drop(a, port);
        port_end(port, reason);
}

void port_die_text(aemp_port *port, const char *reason, const char *text) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content content = reason_make(&buf, str_from(reason), str_from(text), STR_NULL);

        port_die(port, &content);
}

int aemp_port_kil(aemp_port *port, const char *format, ...) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason;
        va_list ap;
        int r;

        r = !port ? -EINVAL : !port->a ? -ESTALE : aemp_check(port->a);

        va_start(ap, format);
        r = pack(r, &buf, &reason, format, ap);
        va_end(ap);
        if (r < 0)
                return r;

        port_die(port, &reason);
        return 0;
}

void ports_detached(aemp *a) {
        aemp_port *port;
        size_t i = 0;

        while ((port = table_next(&a->ports, &i)))
                port->watched = false;
}

void ports_renamed(aemp *a) {
        aemp_port *port;
        size_t i = 0;

        names_clear(a);
        while ((port = table_next(&a->ports, &i))) {
                free(port->id);
                port->id = NULL;
        }
}

void ports_deinit(aemp *a) {
        Table ending = a->ports;
        aemp_port *port;
        size_t i = 0;

        names_clear(a);
        a->ports = TABLE_INIT(aemp_port, number);
        while ((port = table_next(&ending, &i)))
                port_end(port, NULL);
        table_deinit(&ending);
}
