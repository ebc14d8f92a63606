/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The configuration
 *
 * What the file says, and the defaults for what it does not say: they live in config-keys.c and nowhere
 * else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CONFIG_FILE "/etc/aempd/aempd.conf"

/* Times in microseconds, sizes in octets. Lists are NULL-terminated. */
typedef struct Config {
        char *nodeid; /* valid, %n and %u are expanded */
        char **binds;
        char **seeds;
        char *secret; /* NULL: none. Also that of secret_file */
        size_t secret_len;
        char *secret_file;

        uint64_t monitor_timeout;
        uint64_t connect_interval;
        uint64_t handshake_timeout;
        uint64_t heartbeat_interval;
        bool nodelay;
        bool autocork; /* accepted, without effect */

        char *socket;
        mode_t socket_mode;
        char *socket_group;
        gid_t socket_gid;       /* -1: that of the process */
        bool socket_group_must; /* it has to exist */

        char **admins;
        uid_t *admin_uids;
        size_t n_admins;

        unsigned log_level;

        uint64_t max_message;
        uint64_t client_high;
        uint64_t client_hard;
        uint64_t peer_high;
        uint64_t peer_hard;
        unsigned max_half_open;
        unsigned max_clients;
        unsigned max_monitors;
        unsigned max_contacts;
} Config;

/* A problem, as one line: "file:line: text". Errors (LEVEL_ERROR) make config_load() fail, warnings don't.
 */
typedef void (*ConfigProblemFn)(void *userdata, int level, const char *text);

typedef struct ConfigSource {
        const char *file;    /* NULL: CONFIG_FILE, which may be missing */
        const char *profile; /* NULL: that of the host's name, which may be missing */
        ConfigProblemFn problem;
        void *userdata;
} ConfigSource;

/* -EINVAL: there were errors, all of them were reported. -ENOMEM. */
int config_load(Config **ret, const ConfigSource *source);
Config *config_free(Config *config);
