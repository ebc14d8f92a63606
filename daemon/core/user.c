/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/user.h"

#include <stdlib.h>

bool user_is_privileged(const Node *node, uid_t uid) {
        return uid == 0 || uid == node->config.own_uid;
}

User *user_get(Node *node, uid_t uid) {
        User *user;

        HASH_FIND(hh, node->users, &uid, sizeof(uid), user);
        if (user)
                return user;

        user = calloc(1, sizeof(*user));
        if (!user)
                return NULL;

        user->node = node;
        user->uid = uid;
        list_init(&user->stalled);
        HASH_ADD(hh, node->users, uid, sizeof(user->uid), user);
        if (hash_failed(user)) {
                free(user);
                return NULL;
        }

        return user;
}

void user_gc(User *user) {
        if (user->n_clients > 0 || user->n_names > 0 || user->n_spawned > 0 || user->unsent > 0)
                return;

        HASH_DEL(user->node->users, user);
        free(user);
}

bool user_has_room(const User *user, unsigned used, unsigned max) {
        return max == 0 || used < max || user_is_privileged(user->node, user->uid);
}

unsigned user_clients_max(const Node *node) {
        return node->config.max_clients - node->config.max_clients / 2;
}
