/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Loading a configuration: who proves what to whom
 *
 * Both sides of a connection prove that they belong to the network, so a node that can't offer any proof, or
 * accepts none that can be given, connects with nobody. That is an error where it was meant to.
 */

#include <string.h>

#include "daemon/config/finish.h"
#include "daemon/net/endpoint.h"

static bool has_secret(const Config *config) {
        return config->secret[0] || config->secret_file[0] || config->n_secrets > 0;
}

/* Also one that could not be read: that was reported. */
static bool has_cert(const Config *config) {
        return config->cert;
}

static bool method_works(const Config *config, const char *method) {
        return strncmp(method, "tls_", 4) == 0 ? has_cert(config) : has_secret(config);
}

static bool any_works(const Config *config, char **methods) {
        for (size_t i = 0; methods[i]; i++)
                if (method_works(config, methods[i]))
                        return true;

        return false;
}

static bool is_in(char **methods, const char *method) {
        for (size_t i = 0; methods[i]; i++)
                if (strcmp(methods[i], method) == 0)
                        return true;

        return false;
}

/* The default lists are for all that may be configured; a node that proves nothing may have any. */
static void warn_of_idle(ConfigLoad *load, const Place *place, const char *key, char **methods) {
        if (!place->file || (!has_secret(load->config) && !has_cert(load->config)))
                return;

        for (size_t i = 0; methods[i]; i++)
                if (!method_works(load->config, methods[i]))
                        config_load_warning(load, place, "%s: \"%s\" can't work without a %s", key,
                                methods[i],
                                strncmp(methods[i], "tls_", 4) == 0 ? "cert" : "secret or secret_file");
}

static void warn_of_weak(ConfigLoad *load) {
        const Config *config = load->config;

        if (is_in(config->auth_accept, "cleartext"))
                config_load_warning(load, CONFIG_PLACE(load, auth_accept),
                        "auth_accept has \"cleartext\": nodes that use it send the secret as it is, "
                        "for everybody on the way to read");
        if (is_in(config->auth_accept, "tls_anon"))
                config_load_warning(load, CONFIG_PLACE(load, auth_accept),
                        "auth_accept has \"tls_anon\": who is on the way can change what nodes that use it "
                        "say before TLS begins, their names too");
        if (is_in(config->auth_offer, "cleartext"))
                config_load_warning(load, CONFIG_PLACE(load, auth_offer),
                        "auth_offer has \"cleartext\": whoever answers at an address of another node can "
                        "have the secret by asking for it");
}

/* A bind that can be reached from other hosts, or NULL. */
static const char *open_bind(const Config *config) {
        Endpoint endpoint;

        for (size_t i = 0; config->binds[i]; i++)
                if (endpoint_parse(&endpoint, config->binds[i]) >= 0 && !endpoint_is_loopback(&endpoint))
                        return config->binds[i];

        return NULL;
}

/* What to do about it. */
static const char *what_is_missing(const Config *config) {
        if (!has_secret(config) && !has_cert(config))
                return "that needs a secret, secret_file or cert";
        if (!any_works(config, config->auth_offer))
                return "no method in auth_offer works with what is configured";

        return "no method in auth_accept works with what is configured";
}

void config_load_auth(ConfigLoad *load) {
        const Config *config = load->config;
        const char *bind = open_bind(config);

        warn_of_idle(load, CONFIG_PLACE(load, auth_offer), "auth_offer", config->auth_offer);
        warn_of_idle(load, CONFIG_PLACE(load, auth_accept), "auth_accept", config->auth_accept);
        warn_of_weak(load);

        if (any_works(config, config->auth_offer) && any_works(config, config->auth_accept))
                return;

        if (bind)
                config_load_error(load, CONFIG_PLACE(load, binds),
                        "\"%s\" can be reached from other hosts: %s", bind, what_is_missing(config));
        if (config->seeds[0])
                config_load_error(load, CONFIG_PLACE(load, seeds), "\"%s\" would not accept this node: %s",
                        config->seeds[0], what_is_missing(config));
}
