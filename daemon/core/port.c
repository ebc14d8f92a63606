/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/port.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/name.h"
#include "daemon/core/obituary.h"
#include "daemon/core/plant.h"
#include "daemon/core/remote.h"
#include "daemon/core/spawn.h"

LocalPort *port_find(Node *node, Str name) {
        LocalPort *port;

        if (name.n > PORT_NAME_MAX)
                return NULL;

        HASH_FIND(hh, node->ports, name.p, name.n, port);
        return port;
}

Client *port_owner(Node *node, Str name) {
        Client *owner = client_of_port(node, name);
        LocalPort *port;

        if (owner || node->n_spawned == 0)
                return owner;

        port = port_find(node, name);
        return port && port->spawned ? port->owner : NULL;
}

static void port_free(LocalPort *port) {
        Node *node = port->owner->node;

        name_free(port->known_as);
        if (port->spawned)
                spawn_release(port);

        HASH_DEL(node->ports, port);
        list_unlink(&port->by_owner);
        free(port);
}

/* It ended. */
static void port_over(LocalPort *port, const Reason *reason) {
        if (port->spawned)
                spawn_over(port, reason);

        mon_set_fire(&port->owner->node->mons, &port->mons, reason);
        port_free(port);
}

void port_tell(Node *node, Watcher *watcher, Str name, const Reason *reason) {
        if (watcher->kind == WATCHER_CLIENT) {
                client_tell(container_of(watcher, Client, watcher), "kil0", node->id, name, reason);
                return;
        }

        tail_begin(&node->tail, "kil0");
        tail_str(&node->tail, name);
        tail_reason(&node->tail, reason);
        remote_say(container_of(watcher, Remote, watcher));
}

static void port_mons_tell(MonSet *set, Watcher *watcher, const Reason *reason) {
        LocalPort *port = container_of(set, LocalPort, mons);

        port_tell(port->owner->node, watcher, port_str(port), reason);
        if (port->spawned && PLANTED(spawn_fire_twice))
                port_tell(port->owner->node, watcher, port_str(port), reason);
}

static void port_ask_owner(LocalPort *port, const char *tag) {
        Node *node = port->owner->node;

        tail_begin(&node->tail, tag);
        tail_str(&node->tail, port_str(port));
        client_say(port->owner);
}

static void port_mons_unwatched(MonSet *set) {
        LocalPort *port = container_of(set, LocalPort, mons);

        port_gc(port);
}

void port_gc(LocalPort *port) {
        if (port->mons.n > 0 || port->known_as || port->spawned)
                return;

        port_ask_owner(port, "mon0");
        port_free(port);
}

static const MonSetOps port_mons_ops = {
        .tell = port_mons_tell,
        .unwatched = port_mons_unwatched,
};

LocalPort *port_new(Client *owner, Str name) {
        Node *node = owner->node;
        LocalPort *port;

        port = calloc(1, sizeof(*port) + name.n + 1);
        if (!port)
                return NULL;

        port->owner = owner;
        port->name_len = name.n;
        memcpy(port->name, name.p, name.n);
        mon_set_init(&port->mons, &port_mons_ops);

        HASH_ADD_KEYPTR(hh, node->ports, port->name, port->name_len, port);
        if (hash_failed(port)) {
                free(port);
                return NULL;
        }

        list_append(&owner->ports, &port->by_owner);
        return port;
}

int port_get(Client *owner, Str name, LocalPort **ret) {
        LocalPort *port = port_find(owner->node, name);

        if (!port) {
                port = port_new(owner, name);
                if (!port)
                        return -ENOMEM;
                port_ask_owner(port, "mon1");
        }

        *ret = port;
        return 0;
}

void port_put_id(const LocalPort *port, Buf *to) {
        char id[NODE_ID_MAX + 1 + PORT_NAME_MAX];
        Str node_id = port->owner->node->id;

        memcpy(id, node_id.p, node_id.n);
        id[node_id.n] = '#';
        memcpy(id + node_id.n + 1, port->name, port->name_len);
        cbor_put_str(to, (Str){id, node_id.n + 1 + port->name_len});
}

int port_watch(Node *node, Str name, Watcher *watcher) {
        LocalPort *port = port_find(node, name);
        bool fresh = !port;
        int r;

        if (obituary_tell(node, watcher, name))
                return 0;

        if (fresh) {
                Client *owner = name.n <= PORT_NAME_MAX ? client_of_port(node, name) : NULL;

                if (!owner)
                        return -ENOENT;

                port = port_new(owner, name);
                if (!port)
                        return -ENOMEM;
        }

        if (!fresh && PLANTED(second_watcher))
                return 0;

        r = mon_add(&node->mons, &port->mons, watcher, node->config.max_monitors);
        if (fresh && r < 0)
                port_free(port);
        else if (fresh)
                port_ask_owner(port, "mon1");

        return r;
}

int port_tell_missing(Node *node, Watcher *watcher, Str name) {
        _cleanup_buf_ Buf id = BUF_INIT;
        Reason reason;

        buf_put_str(&id, node->id);
        buf_putc(&id, '#');
        buf_put_str(&id, name);
        buf_putc(&id, '\0');
        if (buf_error(&id) < 0)
                return -ENOMEM;

        reason = reason_make(
                &node->reason, "no_such_port", "cannot monitor nonexistent port", (const char *) id.data);
        port_tell(node, watcher, name, &reason);
        return 0;
}

void port_unwatch(Node *node, Str name, Watcher *watcher) {
        LocalPort *port = port_find(node, name);

        if (port)
                mon_remove(&node->mons, &port->mons, watcher);
}

void port_died(Node *node, Str name, const Reason *reason) {
        LocalPort *port = port_find(node, name);

        if (port)
                port_over(port, reason);
}

void port_owner_gone(Client *owner, const Reason *reason) {
        while (!list_is_empty(&owner->ports))
                port_over(container_of(owner->ports.next, LocalPort, by_owner), reason);
}
