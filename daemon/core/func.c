/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/func.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/admin.h"
#include "daemon/core/client.h"
#include "daemon/core/text.h"
#include "daemon/core/user.h"

#define FUNC_NAME_MAX 255

struct Func {
        UT_hash_handle hh;
        List line; /* Claims, the first one counts */
        size_t name_len;
        char name[];
};

typedef struct Claim {
        Func *func;
        Client *client;
        List by_func;
        List by_client;
} Claim;

static bool name_is_prefix(Str name) {
        return name.n >= 2 && name.p[name.n - 1] == ':' && name.p[name.n - 2] == ':';
}

/* What begins so is never a client's function. */
static bool name_is_reserved(Str name) {
        return str_starts_with(name, STR_LIT("AnyEvent::MP::")) ||
                str_starts_with(name, STR_LIT("aempd::")) || str_starts_with(name, STR_LIT("g_"));
}

static Func *func_get(Node *node, Str name) {
        Func *func;

        HASH_FIND(hh, node->funcs, name.p, name.n, func);
        return func;
}

static Claim *claim_find(const Func *func, const Client *client) {
        LIST_FOREACH (i, &func->line) {
                Claim *claim = container_of(i, Claim, by_func);

                if (claim->client == client)
                        return claim;
        }

        return NULL;
}

static Func *func_new(Node *node, Str name) {
        Func *func;

        func = calloc(1, sizeof(*func) + name.n + 1);
        if (!func)
                return NULL;

        list_init(&func->line);
        func->name_len = name.n;
        memcpy(func->name, name.p, name.n);
        HASH_ADD_KEYPTR(hh, node->funcs, func->name, func->name_len, func);
        if (hash_failed(func)) {
                free(func);
                return NULL;
        }

        return func;
}

static void func_gc(Node *node, Func *func) {
        if (!list_is_empty(&func->line))
                return;

        HASH_DEL(node->funcs, func);
        free(func);
}

static int claim_new(Func *func, Client *client) {
        Claim *claim;

        claim = malloc(sizeof(*claim));
        if (!claim)
                return -ENOMEM;

        *claim = (Claim){.func = func, .client = client};
        list_append(&func->line, &claim->by_func);
        list_append(&client->claims, &claim->by_client);
        client->n_funcs++;
        client->user->n_names++;
        return 0;
}

static void claim_free(Claim *claim) {
        Client *client = claim->client;
        Func *func = claim->func;

        list_unlink(&claim->by_func);
        list_unlink(&claim->by_client);
        client->n_funcs--;
        client->user->n_names--;
        free(claim);
        func_gc(client->node, func);
}

bool func_is_function(Str tag) {
        return memmem(tag.p ?: "", tag.n, "::", 2) != NULL;
}

int func_claim(Client *client, Str name) {
        Node *node = client->node;
        Func *func;
        int r;

        if (name.n > FUNC_NAME_MAX || !text_is_ascii(name) || !func_is_function(name))
                return -EINVAL;
        if (name_is_reserved(name))
                return -EACCES;

        func = func_get(node, name);
        if (func && claim_find(func, client))
                return 0;
        if (!user_has_room(client->user, client->user->n_names, node->config.max_names))
                return -ENOSPC;

        if (!func)
                func = func_new(node, name);
        if (!func)
                return -ENOMEM;

        r = claim_new(func, client);
        func_gc(node, func);
        return r;
}

void func_disclaim(Client *client, Str name) {
        Func *func = func_get(client->node, name);
        Claim *claim = func ? claim_find(func, client) : NULL;

        if (claim)
                claim_free(claim);
}

void func_client_gone(Client *client) {
        while (!list_is_empty(&client->claims))
                claim_free(container_of(client->claims.next, Claim, by_client));
}

static Client *func_client(const Func *func) {
        LIST_FOREACH (i, &func->line) {
                Client *client = container_of(i, Claim, by_func)->client;

                /* who is about to go has let go of it */
                if (client->state == CLIENT_OPEN && !client->stream.closing)
                        return client;
        }

        return NULL;
}

Client *func_find(Node *node, Str name) {
        Client *client;
        Func *func;

        if (!node->funcs || name.n > FUNC_NAME_MAX || name_is_reserved(name))
                return NULL;

        for (Str i = name; i.n >= 2; i.n--) {
                if (i.n < name.n && !name_is_prefix(i))
                        continue;

                func = func_get(node, i);
                client = func ? func_client(func) : NULL;
                if (client)
                        return client;
        }

        return NULL;
}

int func_call(Node *node, const Origin *from, const Request *request) {
        Client *client = func_find(node, request->tag);

        if (!client)
                return 0;

        client_deliver(client, from, request->msg);
        return 1;
}

void funcs_describe(const Node *node, Buf *to) {
        unsigned n = HASH_COUNT(node->funcs), left = n < ADMIN_LIST_MAX ? n : ADMIN_LIST_MAX;

        cbor_put_map(to, left);
        for (const Func *i = node->funcs; left > 0; i = i->hh.next, left--) {
                cbor_put_text(to, (Str){i->name, i->name_len});
                cbor_put_str(to, str_from(container_of(i->line.next, Claim, by_func)->client->who));
        }
}
