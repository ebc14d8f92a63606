/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/charge.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/remote.h"
#include "daemon/core/user.h"

typedef struct Charge {
        List by_remote;
        User *user;   /* either */
        Remote *peer; /* or */
        size_t octets;
} Charge;

static size_t charge_limit(const Node *node) {
        return 4 * node->config.peer_high;
}

/* One for each user and peer: a short list, and the one that sends is found first. */
static Charge *charge_get(Remote *remote, User *user, Remote *peer) {
        Charge *charge;

        LIST_FOREACH (i, &remote->charges) {
                charge = container_of(i, Charge, by_remote);
                if (charge->user == user && charge->peer == peer) {
                        list_unlink(i);
                        list_append(remote->charges.next, i);
                        return charge;
                }
        }

        charge = calloc(1, sizeof(*charge));
        if (!charge)
                return NULL;

        charge->user = user;
        charge->peer = peer;
        list_append(remote->charges.next, &charge->by_remote);
        return charge;
}

int charge_unsent(Remote *remote, size_t octets) {
        Node *node = remote->node;
        User *user = node->source ? node->source->user : NULL;
        Remote *peer = user ? NULL : node->relayer;
        Charge *charge;

        if (!user && !peer)
                return 0;

        charge = charge_get(remote, user, peer);
        if (!charge)
                return -ENOMEM;

        charge->octets += octets;
        if (user) {
                user->unsent += octets;
                if (user->unsent > charge_limit(node)) {
                        list_unlink(&node->source->stall); /* whatever else it waits for ends earlier */
                        client_stall(node->source, &user->stalled);
                }
        } else {
                peer->relayed += octets;
                if (peer->relayed > charge_limit(node))
                        remote_attempt_failed(remote, "too many messages that were relayed wait for it");
        }

        return 0;
}

static void charge_free(Charge *charge) {
        User *user = charge->user;

        list_unlink(&charge->by_remote);
        if (user) {
                user->unsent -= charge->octets;
                if (user->unsent <= charge_limit(user->node) / 2)
                        client_resume(user->node, &user->stalled);
                user_gc(user);
        } else {
                charge->peer->relayed -= charge->octets;
                remote_gc_soon(charge->peer);
        }

        free(charge);
}

void charges_release(Remote *remote) {
        while (!list_is_empty(&remote->charges))
                charge_free(container_of(remote->charges.next, Charge, by_remote));
}
