/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/name.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/admin.h"
#include "daemon/core/client.h"
#include "daemon/core/port.h"
#include "daemon/core/user.h"

#define NAME_MAX_LEN 255

struct Name {
        UT_hash_handle hh;
        LocalPort *port;
        size_t len;
        char text[];
};

static Name *name_get(Node *node, Str text) {
        Name *name;

        HASH_FIND(hh, node->names, text.p, text.n, name);
        return name;
}

static bool name_is_valid(Str text) {
        return text.n > 0 && text.n <= NAME_MAX_LEN && port_name_is_valid(text);
}

/* May this client take the name from whom it belongs to? */
static bool name_is_takeable(const Name *name, const Client *client) {
        return name->port->owner->user == client->user ||
                user_is_privileged(client->node, client->creds.uid);
}

static int name_new(LocalPort *port, Str text) {
        Client *owner = port->owner;
        Name *name;

        name = calloc(1, sizeof(*name) + text.n + 1);
        if (!name)
                return -ENOMEM;

        name->port = port;
        name->len = text.n;
        memcpy(name->text, text.p, text.n);
        HASH_ADD_KEYPTR(hh, owner->node->names, name->text, name->len, name);
        if (hash_failed(name)) {
                free(name);
                return -ENOMEM;
        }

        port->known_as = name;
        owner->n_names++;
        owner->user->n_names++;
        return 0;
}

Name *name_free(Name *name) {
        Client *owner;

        if (!name)
                return NULL;

        owner = name->port->owner;
        name->port->known_as = NULL;
        owner->n_names--;
        owner->user->n_names--;
        HASH_DEL(owner->node->names, name);
        free(name);
        return NULL;
}

/* Frees it, and the port's entry if that was all it was for. */
static void name_let_go(Name *name) {
        LocalPort *port;

        if (!name)
                return;

        port = name->port;
        name_free(name);
        port_gc(port);
}

int name_register(Client *client, Str text, Str port_name) {
        Node *node = client->node;
        Name *old = name_get(node, text);
        LocalPort *port;
        unsigned freed;
        int r;

        if (!name_is_valid(text))
                return -EINVAL;
        if (old && !name_is_takeable(old, client))
                return -EADDRINUSE;

        port = port_find(node, port_name);
        if (port && port->known_as && port->known_as == old)
                return 0;

        freed = (old && old->port->owner->user == client->user) + (port && port->known_as);
        if (!user_has_room(client->user, client->user->n_names - freed, node->config.max_names))
                return -ENOSPC;

        r = port_get(client, port_name, &port);
        if (r < 0)
                return r;

        name_let_go(old);
        name_free(port->known_as);
        r = name_new(port, text);
        port_gc(port);
        return r;
}

void name_unregister(Client *client, Str text) {
        Name *name = name_get(client->node, text);

        if (name && (name->port->owner == client || user_is_privileged(client->node, client->creds.uid)))
                name_let_go(name);
}

const LocalPort *name_find(Node *node, Str text) {
        const Name *name = name_get(node, text);

        return name ? name->port : NULL;
}

void names_describe(const Node *node, Buf *to) {
        unsigned n = HASH_COUNT(node->names), left = n < ADMIN_LIST_MAX ? n : ADMIN_LIST_MAX;

        cbor_put_map(to, left);
        for (const Name *i = node->names; left > 0; i = i->hh.next, left--) {
                cbor_put_text(to, (Str){i->text, i->len});
                port_put_id(i->port, to);
        }
}
