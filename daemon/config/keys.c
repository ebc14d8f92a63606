/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configuration keys
 *
 * tests/check-defaults.py compares this table with conf/aempd.conf and man/aempd.conf.5.scd.
 */

#include "daemon/config/keys.h"

#include <string.h>

#include "daemon/config/like.h"

#define SEC 1000000ULL
#define MSEC 1000ULL
#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define KEY(key, type, ...) \
        { #key, VALUE_##type, offsetof(Config, key), __VA_ARGS__ }

/* clang-format off */
const ConfigKey config_keys[CONFIG_KEYS] = {
        KEY(nodeid, STRING, "\"%n\"", 0, 0,
                "Name of this node. %n is the host's name, %u is random; a / at the end gets a %u behind it"),
        KEY(binds, ENDPOINTS, "[ ]", 0, 0,
                "Where other nodes may connect: \"host:port\", \"[v6]:port\", \"*:port\" for all addresses"),
        KEY(seeds, ENDPOINTS, "[ ]", 0, 0,
                "Nodes to contact in order to join a network: \"host:port\""),
        KEY(secret, SECRETS, "\"\"", 0, 0,
                "What all nodes of the network know and nobody else does; of a list, the first is sent, all are accepted"),
        KEY(secret_file, SECRETS, "\"\"", 0, 0,
                "A file with the secret, or a list of files, not readable by everybody; a newline at the end does not count"),
        KEY(cert, STRING, "\"\"", 0, 0,
                "A PEM file with key and certificate of this node, not readable by everybody: turns TLS on"),
        KEY(ca, STRING, "\"\"", 0, 0,
                "A PEM file with the authorities that sign other nodes' certificates; without it, those in cert"),
        KEY(auth_offer, METHODS, "[ \"tls_sha3_512\", \"hmac_sha3_512\" ]", 0, 0,
                "How this node may prove to others that it belongs to the network"),
        KEY(auth_accept, METHODS, "[ \"tls_sha3_512\", \"hmac_sha3_512\" ]", 0, 0,
                "How others may prove it to this node, the best first"),
        KEY(framing_format, FRAMINGS, "[ \"cbor\", \"json\" ]", 0, 0,
                "What messages between nodes may look like, the best first"),
        KEY(monitor_timeout, TIME, "30", SEC, 3600 * SEC,
                "Seconds until a node that can't be reached any more counts as down"),
        KEY(connect_interval, TIME, "2", 100 * MSEC, 60 * SEC,
                "Seconds between attempts at the addresses of a node, and for one attempt"),
        KEY(handshake_timeout, TIME, "5", 100 * MSEC, 60 * SEC,
                "Seconds in which a connection, or a process that attaches, has to say who it is"),
        KEY(heartbeat_interval, TIME, "5", 100 * MSEC, 600 * SEC,
                "Seconds of silence after which a sign of life is sent; less than monitor_timeout"),
        KEY(nodelay, BOOL, "true", 0, 0,
                "Send small messages at once (TCP_NODELAY)"),
        KEY(autocork, BOOL, "false", 0, 0,
                "Of AnyEvent::MP; without effect here"),
        KEY(socket, STRING, "\"/run/aempd/aempd.sock\"", 0, 0,
                "Unix socket through which local processes attach"),
        KEY(socket_mode, MODE, "\"0660\"", 0, 0777,
                "Access to that socket, in octal: whoever may write may attach"),
        KEY(socket_group, STRING, "\"aempd\"", 0, 0,
                "Group of that socket; this one need not exist, another one has to"),
        KEY(admins, USERS, "[ ]", 0, 0,
                "Users, by name or number, who may see and drive this node besides root and its own user"),
        KEY(log_level, COUNT, "6", 1, 9,
                "What is logged: 4 errors, 5 warnings, 6 nodes that come and go, 7 clients too, 8 and 9 details"),
        KEY(max_message, SIZE, "\"16 MiB\"", KIB, GIB,
                "Largest message"),
        KEY(client_high, SIZE, "\"1 MiB\"", KIB, 64 * GIB,
                "Octets waiting for a local process above which those that feed it are paused"),
        KEY(client_hard, SIZE, "\"64 MiB\"", KIB, 64 * GIB,
                "Octets waiting for a local process above which it is detached; at least max_message"),
        KEY(peer_high, SIZE, "\"16 MiB\"", KIB, 64 * GIB,
                "Octets waiting for another node above which those that feed it are paused"),
        KEY(peer_hard, SIZE, "\"256 MiB\"", KIB, 64 * GIB,
                "Octets waiting for another node above which the connection is cut; at least max_message"),
        KEY(max_half_open, COUNT, "100", 1, 100000,
                "Incoming connections that may be in their handshake at a time"),
        KEY(max_clients, COUNT, "8000", 1, 1000000,
                "Local processes that may be attached at a time"),
        KEY(max_monitors, COUNT, "100000", 1, 100000000,
                "Monitors that one local process, or one other node, may have"),
        KEY(max_contacts, COUNT, "10000", 1, 100000000,
                "Nodes that one local process may talk to at a time"),
        KEY(max_names, COUNT, "10000", 1, 100000000,
                "Well-known names and functions that the local processes of one user may register"),
        KEY(max_spawned, COUNT, "100000", 1, 100000000,
                "Ports that one user, or one other node, may have spawned here at a time"),
};
/* clang-format on */

const ConfigKey *config_key_find(const char *name) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (strcmp(config_keys[i].name, name) == 0)
                        return &config_keys[i];

        return NULL;
}

const ConfigKey *config_key_like(const char *name) {
        Like like = like_init(name);

        for (size_t i = 0; i < CONFIG_KEYS; i++)
                like_try(&like, config_keys[i].name);

        return like.best ? config_key_find(like.best) : NULL;
}

void config_keys_dump(FILE *to) {
        char min[64], max[64];

        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                const ConfigKey *key = &config_keys[i];

                (void) fprintf(to, "%s\t%s\t%s\t", key->name, key->standard, key->help);
                if (key->min > 0) {
                        value_format(key->type, key->min, min, sizeof(min));
                        value_format(key->type, key->max, max, sizeof(max));
                        (void) fprintf(to, "%s to %s", min, max);
                }
                (void) fputc('\n', to);
        }
}
