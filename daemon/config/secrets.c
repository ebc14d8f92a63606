/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Loading a configuration: the secrets
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/credential.h"
#include "daemon/config/file.h"
#include "daemon/config/finish.h"
#include "daemon/config/secret.h"

/* Takes the octets. */
static void add_secret(ConfigLoad *load, char *octets, size_t len) {
        Config *config = load->config;
        ConfigSecret *secrets = reallocarray(config->secrets, config->n_secrets + 1, sizeof(*secrets));

        if (!secrets) {
                secret_free(octets, len);
                config_load_failed(load, -ENOMEM);
                return;
        }

        secrets[config->n_secrets++] = (ConfigSecret){octets, len};
        config->secrets = secrets;
}

static void add_secret_text(ConfigLoad *load, const char *text) {
        size_t n = strlen(text);
        char *octets;

        if (n > SECRET_MAX) {
                config_load_error(
                        load, CONFIG_PLACE(load, secret), "a secret has at most %d octets", SECRET_MAX);
                return;
        }

        octets = strdup(text);
        if (octets)
                add_secret(load, octets, n);
        else
                config_load_failed(load, -ENOMEM);
}

static void add_secret_file(ConfigLoad *load, const Place *place, const char *path, bool open) {
        char *octets;
        char error[FILE_ERROR_MAX];
        size_t len;
        int r;

        r = secret_read(path, open, &octets, &len);
        if (r >= 0)
                add_secret(load, octets, len);
        else if (r == -EPERM)
                config_load_error(load, place, "everybody may read %s: chmod o-r %s", path, path);
        else if (r == -ENODATA)
                config_load_error(load, place, "%s: there is no secret in it", path);
        else if (r == -ENOMEM)
                config_load_failed(load, r);
        else
                config_load_error(load, place, "%s: %s", path, file_error(r, error));
}

static void add_secret_files(ConfigLoad *load) {
        const Place *place = CONFIG_PLACE(load, secret_file);
        char **files = load->config->secret_file;

        for (size_t i = 0; files[i]; i++) {
                char *path;

                if (config_path(&path, place, files[i]) < 0) {
                        config_load_failed(load, -ENOMEM);
                        return;
                }

                add_secret_file(load, place, path, /* open= */ false);
                free(path);
        }
}

static void add_secret_credential(ConfigLoad *load) {
        char *path;

        if (config_credential(&path, "aempd.secret") < 0) {
                config_load_failed(load, -ENOMEM);
                return;
        }

        if (path)
                add_secret_file(load, NULL, path, /* open= */ true);
        free(path);
}

void config_load_secrets(ConfigLoad *load) {
        char **secret = load->config->secret, **files = load->config->secret_file;
        const Place *place = CONFIG_PLACE(load, secret);

        if (secret[0] && files[0]) {
                config_load_error(load, CONFIG_PLACE(load, secret_file),
                        "there is a secret already, in line %u of %s: secret and secret_file exclude each "
                        "other",
                        place->line, place->file->path);
                return;
        }

        for (size_t i = 0; secret[i]; i++)
                add_secret_text(load, secret[i]);
        add_secret_files(load);
        if (!secret[0] && !files[0])
                add_secret_credential(load);
}
