/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configuration keys
 *
 * tests/check-defaults.py compares this table with conf/aempd.conf and man/aempd.conf.5.scd.
 */

#include "daemon/config-keys.h"

#include <string.h>

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
        KEY(secret, STRING, "\"\"", 0, 0,
                "What all nodes of the network know and nobody else does"),
        KEY(secret_file, STRING, "\"\"", 0, 0,
                "A file with the secret, not readable by everybody; a newline at its end does not count"),
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
};
/* clang-format on */

const ConfigKey *config_key_find(const char *name) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (strcmp(config_keys[i].name, name) == 0)
                        return &config_keys[i];

        return NULL;
}

static size_t min3(size_t a, size_t b, size_t c) {
        size_t ab = a < b ? a : b;

        return ab < c ? ab : c;
}

#define LIKE_MAX 32

/* Insertions, deletions and replacements between two names (Levenshtein). */
static size_t distance(const char *a, const char *b) {
        size_t row[LIKE_MAX + 1], n = strlen(b);

        for (size_t j = 0; j <= n; j++)
                row[j] = j;

        for (size_t i = 1; a[i - 1]; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        size_t above = row[j];

                        row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                }
        }

        return row[n];
}

const ConfigKey *config_key_like(const char *name) {
        const ConfigKey *best = NULL;
        size_t least = strlen(name) / 3 + 1;

        if (strlen(name) > LIKE_MAX)
                return NULL;

        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                size_t d = distance(name, config_keys[i].name);

                if (d <= least && (!best || d < least)) {
                        best = &config_keys[i];
                        least = d;
                }
        }

        return best;
}

void config_keys_dump(FILE *to) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                (void) fprintf(to, "%s\t%s\t%s\n", config_keys[i].name, config_keys[i].standard,
                        config_keys[i].help);
}
