/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The tables here are those of docs/attach.md, section 5: a promise.
 */

#include "daemon/core/admin.h"

#include <errno.h>

#include "daemon/core/admin-put.h"
#include "daemon/core/func.h"
#include "daemon/core/name.h"
#include "daemon/core/seed.h"

#define SECONDS_PER_DAY 86400

bool admin_allowed(const Node *node, const ClientCreds *creds) {
        if (creds->uid == 0 || creds->uid == node->config.own_uid)
                return true;

        for (size_t i = 0; i < node->config.n_admins; i++)
                if (creds->uid == node->config.admins[i])
                        return true;

        return false;
}

static void admin_counters(const Node *node, Buf *to) {
        const Counters *c = &node->counters;
        const struct {
                const char *name;
                uint64_t value;
        } all[] = {
                {"from_clients", c->from_clients},
                {"from_peers", c->from_peers},
                {"to_clients", c->to_clients},
                {"to_peers", c->to_peers},
                {"no_such_port", c->no_such_port},
                {"dropped_down", c->dropped_down},
                {"dropped_queued", c->dropped_queued},
                {"monitors_fired", node->mons.fired},
                {"refused", c->refused},
                {"unknown_requests", c->unknown_requests},
                {"auth_failed", c->auth_failed},
                {"handshakes_failed", c->handshakes_failed},
                {"handshakes_displaced", c->handshakes_displaced},
                {"turned_away", c->turned_away},
                {"protocol_errors", c->protocol_errors},
                {"nodes_up", c->nodes_up},
                {"nodes_down", c->nodes_down},
        };
        size_t n = sizeof(all) / sizeof(*all);

        cbor_put_map(to, n);
        for (size_t i = 0; i < n; i++)
                put_uint(to, all[i].name, all[i].value);
}

/* Our own. */
static void admin_certificate(const Node *node, Buf *to) {
        double expires = (double) node->config.certificate_expires,
               now = (double) node->realtime / USEC_PER_SEC;

        if (node->config.certificate_expires == 0) {
                cbor_put_null(to);
                return;
        }

        cbor_put_map(to, 3);
        put_key(to, "starts");
        cbor_put_double(to, (double) node->config.certificate_starts);
        put_key(to, "expires");
        cbor_put_double(to, expires);
        put_key(to, "days");
        cbor_put_double(to, (expires - now) / SECONDS_PER_DAY);
}

static void admin_status(const Node *node, Buf *to) {
        cbor_put_map(to, 15);
        put_uint(to, "version", 1);
        put_str(to, "aempd", AEMPD_VERSION);
        put_str(to, "node", node->config.id);
        put_key(to, "binds");
        cbor_put_array(to, node->n_binds);
        for (size_t i = 0; i < node->n_binds; i++)
                cbor_put_str(to, str_from(node->binds[i]));
        put_uint(to, "pid", (uint64_t) node->config.own_pid);
        put_seconds(to, "uptime", node->now - node->started);
        put_uint(to, "clients", node->n_attached);
        put_uint(to, "nodes", node->peers_up);
        put_key(to, "seeds");
        seeds_describe(node->seeds, to);
        put_key(to, "counters");
        admin_counters(node, to);
        put_uint(to, "half_open", node->half_open);
        put_key(to, "certificate");
        admin_certificate(node, to);
        put_key(to, "names");
        names_describe(node, to);
        put_key(to, "functions");
        funcs_describe(node, to);
        put_key(to, "refused");
        refusals_describe(&node->refusals, to);
}

static const struct {
        const char *tag;
        void (*fn)(const Node *node, Buf *to);
} operations[] = {
        {"aempd::status", admin_status},
        {"aempd::nodes", admin_nodes},
        {"aempd::clients", admin_clients},
};

bool admin_knows(Str tag) {
        for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
                if (str_is(tag, operations[i].tag))
                        return true;

        return false;
}

int admin_answer(Node *node, Str tag, Buf *to) {
        for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
                if (str_is(tag, operations[i].tag)) {
                        operations[i].fn(node, to);
                        return buf_error(to);
                }

        return -ENOENT;
}
