/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * All of them are kept equally long, so the oldest is the first to go; nothing has to be done when one is
 * over but not to believe it.
 */

#include "daemon/core/obituary.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/plant.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"

#define OBITUARIES_MAX 1024
#define OBITUARY_REASON_MAX 1024

/* Who may know, and the port's name, as octets without gaps. */
typedef struct ObituaryKey {
        uint64_t who; /* a client's number, a peer's serial; 0: everybody */
        char kind;
        char name[PORT_NAME_MAX];
} ObituaryKey;

#define OBITUARY_KEY_LEN(name) (offsetof(ObituaryKey, name) + (name).n)

struct Obituary {
        UT_hash_handle hh;
        List by_age;
        uint64_t until;
        uint64_t n_reason;
        size_t reason_len;
        ObituaryKey key;
        uint8_t reason[];
};

static void obituary_free(Node *node, Obituary *obituary) {
        HASH_DEL(node->obituaries, obituary);
        list_unlink(&obituary->by_age);
        free(obituary);
}

static void key_init(ObituaryKey *key, const Watcher *watcher, Str name) {
        *key = (ObituaryKey){};
        if (watcher) {
                key->kind = watcher->kind == WATCHER_CLIENT ? 'c' : 'p';
                key->who = watcher->kind == WATCHER_CLIENT ? container_of(watcher, Client, watcher)->number
                                                           : container_of(watcher, Remote, watcher)->serial;
        }
        memcpy(key->name, name.p, name.n);
}

static Obituary *obituary_find(Node *node, const Watcher *watcher, Str name) {
        Obituary *obituary;
        ObituaryKey key;

        if (!node->obituaries || name.n == 0 || name.n > PORT_NAME_MAX)
                return NULL;

        key_init(&key, watcher, name);
        HASH_FIND(hh, node->obituaries, &key, OBITUARY_KEY_LEN(name), obituary);
        if (obituary && obituary->until <= node->now) {
                obituary_free(node, obituary);
                return NULL;
        }

        return obituary;
}

int obituary_add(Node *node, const Watcher *only, Str name, const Reason *reason) {
        Obituary *obituary = obituary_find(node, only, name);

        if (obituary)
                obituary_free(node, obituary);
        if (name.n > PORT_NAME_MAX || reason->len > OBITUARY_REASON_MAX)
                return 0;

        if (HASH_COUNT(node->obituaries) >= OBITUARIES_MAX)
                obituary_free(node, container_of(node->obituaries_by_age.next, Obituary, by_age));

        obituary = calloc(1, sizeof(*obituary) + reason->len);
        if (!obituary)
                return -ENOMEM;

        key_init(&obituary->key, only, name);
        obituary->until = node->now + node->config.monitor_timeout;
        obituary->n_reason = reason->n;
        obituary->reason_len = reason->len;
        if (reason->len > 0)
                memcpy(obituary->reason, reason->data, reason->len);

        HASH_ADD(hh, node->obituaries, key, OBITUARY_KEY_LEN(name), obituary);
        if (hash_failed(obituary)) {
                free(obituary);
                return -ENOMEM;
        }

        list_append(&node->obituaries_by_age, &obituary->by_age);
        return 0;
}

bool obituary_is_there(Node *node, Str name) {
        return obituary_find(node, NULL, name) != NULL;
}

bool obituary_tell(Node *node, Watcher *watcher, Str name) {
        Obituary *obituary = obituary_find(node, watcher, name) ?: obituary_find(node, NULL, name);

        if (!obituary)
                return false;
        if (PLANTED(obituary_lost))
                return true;

        port_tell(
                node, watcher, name, &(Reason){obituary->n_reason, obituary->reason, obituary->reason_len});
        return true;
}

void obituaries_free(Node *node) {
        while (node->obituaries)
                obituary_free(node, node->obituaries);
}
