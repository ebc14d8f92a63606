/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The end of loading a configuration
 *
 * Each check stands alone and reports where the value was set, so that one run shows all that is wrong.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/finish.h"
#include "daemon/config/nodeid.h"
#include "daemon/net/endpoint.h"
#include "wire/id.h"

static void finish_nodeid(ConfigLoad *load) {
        Config *config = load->config;
        char *id = NULL;
        int r;

        r = nodeid_expand(config->nodeid ? config->nodeid : "", &id);
        if (r == -EINVAL && strlen(id) > NODE_ID_MAX)
                config_load_error(load, CONFIG_PLACE(load, nodeid), "\"%.40s...\" is too long: at most %d",
                        id, NODE_ID_MAX);
        else if (r == -EINVAL)
                config_load_error(load, CONFIG_PLACE(load, nodeid),
                        "\"%s\" is no node ID: 1 to %d of A-Z a-z 0-9 _ - . : /", id, NODE_ID_MAX);
        else if (r < 0)
                config_load_failed(load, r);

        if (r >= 0 || r == -EINVAL) {
                free(config->nodeid);
                config->nodeid = id;
        }
}

static void check_seeds(ConfigLoad *load) {
        Config *config = load->config;
        Endpoint endpoint;

        for (size_t i = 0; config->seeds[i]; i++)
                if (endpoint_parse(&endpoint, config->seeds[i]) < 0 || !endpoint_is_connectable(&endpoint))
                        config_load_error(load, CONFIG_PLACE(load, seeds),
                                "\"%s\" is no seed: \"host:port\", \"ip:port\" or \"[v6]:port\"",
                                config->seeds[i]);
}

/* "storable" stands in many a configuration of AnyEvent::MP. */
static void finish_framings(ConfigLoad *load) {
        const Place *place = CONFIG_PLACE(load, framing_format);
        char **framings = load->config->framing_format;
        size_t n = 0;

        for (size_t i = 0; framings[i]; i++)
                if (strcmp(framings[i], "storable") == 0) {
                        config_load_warning(
                                load, place, "framing_format: \"storable\" is for Perl only and left out");
                        free(framings[i]);
                } else
                        framings[n++] = framings[i];

        framings[n] = NULL;
        if (n == 0)
                config_load_error(load, place, "framing_format must have \"cbor\", \"json\" or both");
}

static void check_times(ConfigLoad *load) {
        const Config *config = load->config;

        if (config->heartbeat_interval >= config->monitor_timeout)
                config_load_error(load, CONFIG_PLACE(load, heartbeat_interval),
                        "heartbeat_interval (%g s) must be less than monitor_timeout (%g s)",
                        (double) config->heartbeat_interval / 1e6, (double) config->monitor_timeout / 1e6);
}

/* A pair of limits, and the largest message, which has to find room. */
static void check_queue(ConfigLoad *load, const char *name, size_t offset, uint64_t high, uint64_t hard) {
        const Place *place = config_load_place(load, offset);
        char text[64];

        value_format(VALUE_SIZE, high, text, sizeof(text));
        if (hard < high)
                config_load_error(
                        load, place, "%s_hard must not be less than %s_high (%s)", name, name, text);

        value_format(VALUE_SIZE, load->config->max_message, text, sizeof(text));
        if (hard < load->config->max_message)
                config_load_error(load, place, "%s_hard must not be less than max_message (%s)", name, text);
}

static void check_socket(ConfigLoad *load) {
        const char *path = load->config->socket;

        if (!path || path[0] != '/')
                config_load_error(load, CONFIG_PLACE(load, socket), "socket must be an absolute path");
        else if (strlen(path) > SOCKET_PATH_MAX)
                config_load_error(load, CONFIG_PLACE(load, socket),
                        "the path of socket is too long: at most %zu octets", SOCKET_PATH_MAX);
}

static bool number_from_text(const char *text, unsigned *ret) {
        unsigned long long n;
        char *end;

        if (*text < '0' || *text > '9')
                return false;

        n = strtoull(text, &end, 10);
        if (*end || n >= UINT32_MAX)
                return false;

        *ret = (unsigned) n;
        return true;
}

/* The group of the default is made on installation, and missing where aempd is only tried. */
static bool group_is_standard(const char *group) {
        const char *standard = config_key_find("socket_group")->standard;
        size_t n = strlen(group);

        return strncmp(standard + 1, group, n) == 0 && strcmp(standard + 1 + n, "\"") == 0;
}

static void finish_group(ConfigLoad *load) {
        Config *config = load->config;
        const Place *place = CONFIG_PLACE(load, socket_group);
        struct group *group;
        unsigned gid;

        config->socket_gid = (gid_t) -1;
        if (!config->socket_group)
                return;

        config->socket_group_must = !group_is_standard(config->socket_group);

        if (number_from_text(config->socket_group, &gid)) {
                config->socket_gid = gid;
                return;
        }

        group = getgrnam(config->socket_group);
        if (group)
                config->socket_gid = group->gr_gid;
        else if (config->socket_group_must)
                config_load_error(load, place, "there is no group \"%s\"", config->socket_group);
}

static void finish_admins(ConfigLoad *load) {
        Config *config = load->config;
        size_t n = 0;

        while (config->admins[n])
                n++;

        config->admin_uids = calloc(n ? n : 1, sizeof(*config->admin_uids));
        if (!config->admin_uids) {
                config_load_failed(load, -ENOMEM);
                return;
        }

        for (size_t i = 0; i < n; i++) {
                const char *name = config->admins[i];
                struct passwd *user;
                unsigned uid;

                if (!number_from_text(name, &uid)) {
                        user = getpwnam(name);
                        if (!user) {
                                config_load_error(
                                        load, CONFIG_PLACE(load, admins), "there is no user \"%s\"", name);
                                continue;
                        }
                        uid = user->pw_uid;
                }

                config->admin_uids[config->n_admins++] = uid;
        }
}

void config_load_finish(ConfigLoad *load) {
        const Config *config = load->config;

        finish_nodeid(load);
        config_load_secrets(load);
        config_load_certificate(load);
        config_load_auth(load);
        check_seeds(load);
        finish_framings(load);
        check_times(load);
        check_queue(load, "client", offsetof(Config, client_hard), config->client_high, config->client_hard);
        check_queue(load, "peer", offsetof(Config, peer_hard), config->peer_high, config->peer_hard);
        check_socket(load);
        finish_group(load);
        finish_admins(load);
}
