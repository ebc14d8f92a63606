/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration
 *
 * All is read twice. First each file by itself, for the problems: completely even after an error, so that
 * all of them can be mended at once, with values that another file replaces, and profiles that are not
 * selected. Then, without a word, what counts: the defaults (they are a file too, made of the table of
 * keys), `default` of each file, the profile's parents, the profile. Where each value was set is kept for
 * what can only be checked in the end.
 */

#include "daemon/config/config.h"

#include <assert.h>
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/config/files.h"
#include "daemon/config/finish.h"
#include "daemon/config/group.h"
#include "daemon/config/profile.h"
#include "daemon/config/secret.h"
#include "wire/buf.h"
#include "wire/strv.h"

static void apply_defaults(ConfigLoad *load) {
        _cleanup_buf_ Buf text = BUF_INIT;
        config_t defaults;

        for (size_t i = 0; i < CONFIG_KEYS; i++)
                buf_printf(&text, "%s = %s;\n", config_keys[i].name, config_keys[i].standard);
        buf_putc(&text, '\0');
        if (buf_error(&text) < 0) {
                config_load_failed(load, -ENOMEM);
                return;
        }

        config_init(&defaults);
        if (!config_read_string(&defaults, (const char *) text.data))
                assert(false);
        config_group_apply(load, config_root_setting(&defaults), NULL);
        config_destroy(&defaults);

        memset(load->places, 0, sizeof(load->places));
}

static void config_clear(Config *config) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                value_clear(config_keys[i].type, (char *) config + config_keys[i].offset);

        for (size_t i = 0; i < config->n_secrets; i++)
                secret_free(config->secrets[i].octets, config->secrets[i].len);
        free(config->secrets);

        strv_free(config->files);
        certificate_free(config->certificate);
        free(config->admin_uids);
}

/* --- each file by itself ----------------------------------------------------------------------------- */

static void check_top_level(ConfigLoad *load, config_setting_t *root) {
        for (int i = 0; i < config_setting_length(root); i++) {
                config_setting_t *setting = config_setting_get_elem(root, (unsigned) i);
                const char *name = config_setting_name(setting);
                Place place = config_group_place(load, setting);

                if (strcmp(name, "default") == 0 || strcmp(name, "profiles") == 0)
                        continue;

                if (config_key_find(name))
                        config_load_error(load, &place, "%s belongs into default = { ... };", name);
                else
                        config_load_error(load, &place,
                                "unknown \"%s\": here stand \"default\" and \"profiles\"", name);
        }
}

static void check_file(ConfigLoad *load) {
        config_setting_t *root = config_root_setting(&load->file->tree);
        config_setting_t *group = config_setting_get_member(root, "default");

        check_top_level(load, root);
        if (group)
                config_group_apply(load, group, NULL);
        config_profiles_check(load);
}

/* Into nowhere, for the problems. */
static void check_files(ConfigLoad *load) {
        Config *config = load->config;

        for (size_t i = 0; i < load->n_files; i++) {
                Config scratch = {};

                load->config = &scratch;
                load->file = load->files[i];
                check_file(load);
                config_clear(&scratch);
        }

        load->config = config;
        memset(load->places, 0, sizeof(load->places));
}

/* --- all of them together ---------------------------------------------------------------------------- */

static void apply_default_groups(ConfigLoad *load) {
        for (size_t i = 0; i < load->n_files; i++) {
                config_setting_t *group;

                load->file = load->files[i];
                group = config_setting_get_member(config_root_setting(&load->file->tree), "default");
                if (group)
                        config_group_apply(load, group, NULL);
        }
}

static void apply_files(ConfigLoad *load) {
        const char *name = load->source->profile;
        struct utsname host;

        (void) uname(&host);

        load->quiet = true;
        apply_default_groups(load);
        config_profile_apply(load, name ? name : host.nodename);
        load->quiet = false;
}

static void list_files(ConfigLoad *load) {
        char **files = calloc(load->n_files + 1, sizeof(*files));

        load->config->files = files;
        for (size_t i = 0; files && i < load->n_files; i++) {
                files[i] = strdup(load->files[i]->path);
                if (!files[i])
                        config_load_failed(load, -ENOMEM);
        }
        if (!files)
                config_load_failed(load, -ENOMEM);
}

int config_load(Config **ret, const ConfigSource *source) {
        ConfigLoad load = {.source = source};
        bool complete;

        load.config = calloc(1, sizeof(*load.config));
        if (!load.config)
                return -ENOMEM;

        apply_defaults(&load);
        complete = config_files_read(&load);
        check_files(&load);
        if (source->profile && complete)
                config_profile_must_exist(&load, NULL, source->profile);
        if (complete) {
                apply_files(&load);
                list_files(&load);
                config_load_finish(&load);
        }
        config_files_free(&load);

        if (load.error < 0) {
                config_free(load.config);
                return load.error;
        }

        *ret = load.config;
        return 0;
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;

        config_clear(config);
        free(config);
        return NULL;
}
