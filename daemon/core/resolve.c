/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/resolve.h"

#include <errno.h>

int lookup_start(Lookup *lookup, Node *node, const char *address) {
        lookup_cancel(lookup);

        lookup->node = node;
        lookup->id = node->next_lookup++;
        HASH_ADD(hh, node->lookups, id, sizeof(lookup->id), lookup);
        if (hash_failed(lookup))
                return -ENOMEM;

        lookup->pending = true;
        node->edge->resolve(node->userdata, lookup->id, address);
        return 0;
}

void lookup_cancel(Lookup *lookup) {
        if (!lookup->pending)
                return;

        HASH_DEL(lookup->node->lookups, lookup);
        lookup->pending = false;
}

void node_resolved(Node *node, uint64_t id, const char *const *addresses, size_t n, const char *error) {
        Lookup *lookup;

        HASH_FIND(hh, node->lookups, &id, sizeof(id), lookup);
        if (!lookup)
                return; /* nobody wants to know any more */

        lookup_cancel(lookup);
        lookup->done(lookup, addresses, n, error);
}
