/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A client and a node it talks to
 *
 * Made when the client first sends something to that node or watches something there. When the node goes
 * down the client is told, and until it has answered, what it sends there is dropped: it was sent before it
 * could know.
 */

#include "daemon/core/core.h"

typedef struct ContactKey {
        Client *client;
        Remote *remote;
} ContactKey;

struct Contact {
        ContactKey key;
        UT_hash_handle hh;
        List by_client;
        List by_remote;
        bool down; /* told, and not answered */
};

/* Finds or makes it. -EINVAL: not a node ID; -EDQUOT: the client has too many; -ENOMEM. */
int contact_get(Client *client, Str node_id, Contact **ret);
/* NULL: there is none. */
Contact *contact_find(Client *client, Remote *remote);
/* The node went down: tells the client, unless it was told and did not answer yet. */
void contact_down(Contact *contact, const Reason *reason);
/* The client's answer. */
void contact_answered(Contact *contact);
/* Nothing came of it: frees it when nothing is with the node, or on its way, that would end in `down`. */
void contact_drop_idle(Contact *contact);
Contact *contact_free(Contact *contact);
