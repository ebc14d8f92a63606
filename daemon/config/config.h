/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The configuration
 *
 * What the files say, and the defaults for what they don't say: these live in keys.c and nowhere
 * else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "daemon/net/certificate.h"

#define CONFIG_FILE "/etc/aempd/aempd.conf"
/* Of a Unix socket. */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *) 0)->sun_path) - 1)

typedef struct ConfigSecret {
        char *octets; /* terminated, too */
        size_t len;
} ConfigSecret;

/* Times in microseconds, sizes in octets. Lists are NULL-terminated. */
typedef struct Config {
        char *nodeid; /* valid, %n and %u are expanded */
        char **binds;
        char **seeds;

        char **secret; /* as configured; at most one of these two has entries */
        char **secret_file;
        ConfigSecret *secrets; /* what they say, or the credential does; the first is sent */
        size_t n_secrets;
        char *cert; /* NULL: none; a path that needs no folder, also that of the credential */
        char *ca;
        Certificate *certificate; /* NULL: no TLS */
        char **auth_offer;
        char **auth_accept;
        char **framing_format; /* no storable */

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
        unsigned max_names;
        unsigned max_spawned;

        char **files; /* that were read, in order */
} Config;

/* A problem in one line: "file:line: text". Errors (LEVEL_ERROR) make config_load() fail, warnings don't. */
typedef void (*ConfigProblemFn)(void *userdata, int level, const char *text);

typedef struct ConfigSource {
        const char *file;    /* NULL: CONFIG_FILE. It may be missing where there are drop-ins in FILE.d */
        const char *profile; /* NULL: that of the host's name, which may be missing */
        ConfigProblemFn problem;
        void *userdata;
} ConfigSource;

/* -EINVAL: there were errors, all of them were reported. -ENOMEM. */
int config_load(Config **ret, const ConfigSource *source);
Config *config_free(Config *config);
