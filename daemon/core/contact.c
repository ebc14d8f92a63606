/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/contact.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/remote.h"

Contact *contact_find(Client *client, Remote *remote) {
        ContactKey key = {client, remote};
        Contact *contact;

        HASH_FIND(hh, client->node->contacts, &key, sizeof(key), contact);
        return contact;
}

static int contact_new(Client *client, Remote *remote, Contact **ret) {
        Node *node = client->node;
        Contact *contact;

        if (client->n_contacts >= node->config.max_contacts)
                return -EDQUOT;

        contact = calloc(1, sizeof(*contact));
        if (!contact)
                return -ENOMEM;

        contact->key = (ContactKey){client, remote};
        HASH_ADD(hh, node->contacts, key, sizeof(contact->key), contact);
        if (hash_failed(contact)) {
                free(contact);
                return -ENOMEM;
        }

        list_append(&client->contacts, &contact->by_client);
        list_append(&remote->contacts, &contact->by_remote);
        client->n_contacts++;

        *ret = contact;
        return 0;
}

int contact_get(Client *client, Str node_id, Contact **ret) {
        Contact *contact = client->last_contact;
        Remote *remote;
        int r;

        /* nearly every message goes where the one before it went */
        if (contact && str_equal(remote_str(contact->key.remote), node_id)) {
                *ret = contact;
                return 0;
        }

        if (!node_id_is_valid(node_id))
                return -EINVAL;

        remote = remote_get(client->node, node_id);
        if (!remote)
                return -ENOMEM;

        contact = contact_find(client, remote);
        if (!contact) {
                r = contact_new(client, remote, &contact);
                if (r < 0) {
                        remote_gc(remote);
                        return r;
                }
        }

        client->last_contact = contact;
        *ret = contact;
        return 0;
}

Contact *contact_free(Contact *contact) {
        Client *client = contact->key.client;

        if (client->last_contact == contact)
                client->last_contact = NULL;
        if (contact->down)
                client->n_downs--;
        client->n_contacts--;

        HASH_DEL(client->node->contacts, contact);
        list_unlink(&contact->by_client);
        list_unlink(&contact->by_remote);
        free(contact);
        return NULL;
}

void contact_down(Contact *contact, const Reason *reason) {
        Client *client = contact->key.client;

        if (contact->down)
                return;

        contact->down = true;
        client->n_downs++;
        client_tell(client, "down", remote_str(contact->key.remote), STR_NULL, reason);
}

void contact_drop_idle(Contact *contact) {
        Remote *remote = contact->key.remote;

        if (contact->down || remote->conn || remote->dial || remote->failing)
                return;

        contact_free(contact);
        remote_gc(remote);
}

void contact_answered(Contact *contact) {
        Remote *remote = contact->key.remote;

        if (!contact->down)
                return;

        contact_free(contact);
        remote_gc(remote);
}
