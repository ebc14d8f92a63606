/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The caller chose the name, so it may have sent messages to it already, and may watch it only later.
 * Whatever goes wrong has to reach it as the death of that port, and must not touch a port of the same name
 * that is somebody else's.
 */

#include "daemon/core/spawn.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/core/client.h"
#include "daemon/core/func.h"
#include "daemon/core/obituary.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/text.h"
#include "daemon/core/user.h"

static bool name_is_spawnable(Str name) {
        return name.n > 0 && name.n <= PORT_NAME_MAX && text_is_ascii(name) && !memchr(name.p, '#', name.n);
}

static bool name_is_taken(Node *node, Str name) {
        return str_starts_with(name, (Str){node->prefix, node->prefix_len}) || port_find(node, name) ||
                obituary_is_there(node, name);
}

static Watcher *spawn_watcher(const Origin *from) {
        return from->client ? &from->client->watcher : &from->peer->watcher;
}

static int spawn_read(const Request *request, Buf *scratch, Str *ret_name, Str *ret_function) {
        CborCursor c = request->args;
        int r;

        r = request_str(&c, scratch, ret_name);
        if (r < 0)
                return r;
        r = request_str(&c, scratch, ret_function);
        if (r < 0)
                return r;

        return name_is_spawnable(*ret_name) ? 0 : -EINVAL;
}

/* There is such a port, and it is not the caller's. */
static int spawn_taken(Node *node, const Origin *from, Str name) {
        Watcher *watcher = spawn_watcher(from);
        LocalPort *port = port_find(node, name);
        Reason reason = reason_make(&node->reason, "die", "the port's name was taken", NULL);

        if (obituary_add(node, watcher, name, &reason) < 0)
                return -ENOMEM;
        if (port)
                mon_fire_one(&node->mons, &port->mons, watcher, &reason);

        return -EEXIST;
}

static int spawn_failed(Node *node, Str name, const char *text, int error) {
        Reason reason = reason_make(&node->reason, "die", text, NULL);

        return obituary_add(node, NULL, name, &reason) < 0 ? -ENOMEM : error;
}

static int spawn_nobody(Node *node, Str name, Str function) {
        char clean[64], text[128];

        text_clean(clean, sizeof(clean), function);
        snprintf(text, sizeof(text), "nobody on this node has the function %s", clean);
        return spawn_failed(node, name, text, -ESRCH);
}

static bool spawn_has_room(Node *node, const Origin *from) {
        unsigned max = node->config.max_spawned;

        if (from->client)
                return user_has_room(from->client->user, from->client->user->n_spawned, max);

        return max == 0 || from->peer->n_spawned < max;
}

static int spawn_port(Client *owner, Str name, const Origin *from) {
        LocalPort *port = port_new(owner, name);

        if (!port)
                return -ENOMEM;

        port->spawned = true;
        port->since = owner->node->now;
        if (from->client) {
                port->user = from->client->user;
                port->user->n_spawned++;
        } else {
                port->asker = from->peer;
                port->asker->n_spawned++;
        }

        owner->node->n_spawned++;
        return 0;
}

int spawn_request(Node *node, const Origin *from, const Request *request) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str name, function;
        Client *owner;
        int r;

        r = spawn_read(request, &scratch, &name, &function);
        if (r < 0)
                return r;

        if (name_is_taken(node, name))
                return spawn_taken(node, from, name);

        owner = func_find(node, function);
        if (!owner)
                return spawn_nobody(node, name, function);
        if (!spawn_has_room(node, from))
                return spawn_failed(node, name, "there are as many spawned ports as may be", -EUSERS);

        r = spawn_port(owner, name, from);
        if (r < 0)
                return r;

        client_deliver(owner, from, request->msg);
        return 0;
}

void spawn_over(LocalPort *port, const Reason *reason) {
        Node *node = port->owner->node;

        /* without memory its caller finds no such port, which is true as well */
        if (port->mons.n == 0 && node->now - port->since < node->config.monitor_timeout)
                (void) obituary_add(node, NULL, port_str(port), reason);
}

void spawn_release(LocalPort *port) {
        port->owner->node->n_spawned--;
        if (port->user) {
                port->user->n_spawned--;
                user_gc(port->user);
        } else {
                port->asker->n_spawned--;
                remote_gc_soon(port->asker);
        }
}
