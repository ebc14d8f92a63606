/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration
 *
 * A file is read completely even after an error, so that all of them can be mended at once. Profiles that
 * are not selected are checked too. The defaults take the same way as a file: they are one, made of the
 * table of keys.
 */

#include "daemon/config.h"

#include <assert.h>
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/config-load.h"
#include "daemon/log.h"
#include "daemon/secret.h"
#include "wire/buf.h"

/* --- problems ---------------------------------------------------------------------------------------- */

static void report(ConfigLoad *load, int level, const Place *place, const char *format, va_list ap)
        __attribute__((format(printf, 4, 0)));

static void report(ConfigLoad *load, int level, const Place *place, const char *format, va_list ap) {
        char text[1024], line[1280];

        if (load->quiet)
                return;

        (void) vsnprintf(text, sizeof(text), format, ap);
        if (place && place->file)
                (void) snprintf(line, sizeof(line), "%s:%u: %s", place->file, place->line, text);
        else
                (void) snprintf(line, sizeof(line), "%s: %s", load->file, text);

        load->source->problem(load->source->userdata, level, line);
}

void config_load_error(ConfigLoad *load, const Place *place, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        report(load, LEVEL_ERROR, place, format, ap);
        va_end(ap);

        config_load_failed(load, -EINVAL);
}

void config_load_warning(ConfigLoad *load, const Place *place, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        report(load, LEVEL_WARN, place, format, ap);
        va_end(ap);
}

void config_load_failed(ConfigLoad *load, int r) {
        if (load->error != -ENOMEM)
                load->error = r;
}

const Place *config_load_place(const ConfigLoad *load, size_t offset) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (config_keys[i].offset == offset)
                        return &load->places[i];

        assert(false);
        return NULL;
}

/* --- reading ----------------------------------------------------------------------------------------- */

static Place place_of(const config_setting_t *setting) {
        return (Place){config_setting_source_file(setting), config_setting_source_line(setting)};
}

static void bad_value(ConfigLoad *load, const Place *place, const ConfigKey *key, int r) {
        char min[64], max[64];

        if (r == -ENOMEM)
                config_load_failed(load, r);
        else if (r == -ERANGE && key->max > 0) {
                value_format(key->type, key->min, min, sizeof(min));
                value_format(key->type, key->max, max, sizeof(max));
                config_load_error(load, place, "%s must be from %s to %s", key->name, min, max);
        } else
                config_load_error(load, place, "%s must be %s", key->name, value_expected(key->type));
}

static void unknown_key(ConfigLoad *load, const Place *place, const char *name) {
        const ConfigKey *like = config_key_like(name);

        if (like)
                config_load_error(load, place, "unknown key \"%s\", did you mean \"%s\"?", name, like->name);
        else
                config_load_error(load, place, "unknown key \"%s\"", name);
}

/* Takes over one key's value. */
static void apply_setting(ConfigLoad *load, const config_setting_t *setting) {
        const char *name = config_setting_name(setting);
        const ConfigKey *key = config_key_find(name);
        Place place = place_of(setting);
        int r;

        if (!key) {
                unknown_key(load, &place, name);
                return;
        }

        r = value_read(key->type, setting, key->min, key->max, (char *) load->config + key->offset);
        if (r < 0)
                bad_value(load, &place, key, r);
        else
                load->places[key - config_keys] = place;
}

/* All keys of a group but the one that only steers. */
static void apply_group(ConfigLoad *load, config_setting_t *group, const char *but) {
        Place place = place_of(group);

        if (!config_setting_is_group(group)) {
                config_load_error(
                        load, &place, "\"%s\" must be a group: { ... }", config_setting_name(group));
                return;
        }

        for (int i = 0; i < config_setting_length(group); i++) {
                config_setting_t *setting = config_setting_get_elem(group, (unsigned) i);

                if (!but || strcmp(config_setting_name(setting), but) != 0)
                        apply_setting(load, setting);
        }
}

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
        apply_group(load, config_root_setting(&defaults), NULL);
        config_destroy(&defaults);

        memset(load->places, 0, sizeof(load->places));
}

/* --- profiles ---------------------------------------------------------------------------------------- */

/* NULL: it has none, or one that can't be. */
static config_setting_t *profile_parent(config_setting_t *profiles, config_setting_t *profile) {
        config_setting_t *parent = NULL;
        const char *name = NULL;

        if (config_setting_is_group(profile) && config_setting_lookup_string(profile, "parent", &name))
                parent = config_setting_get_member(profiles, name);

        return parent;
}

static bool profile_is_circular(config_setting_t *profiles, config_setting_t *profile) {
        int steps = 0;

        while (profile && steps <= config_setting_length(profiles)) {
                profile = profile_parent(profiles, profile);
                steps++;
        }

        return profile;
}

static void check_parent(ConfigLoad *load, config_setting_t *profiles, config_setting_t *profile) {
        config_setting_t *setting = config_setting_get_member(profile, "parent");
        Place place;

        if (!setting)
                return;

        place = place_of(setting);
        if (config_setting_type(setting) != CONFIG_TYPE_STRING)
                config_load_error(load, &place, "parent must be a string");
        else if (!profile_parent(profiles, profile))
                config_load_error(
                        load, &place, "there is no profile \"%s\"", config_setting_get_string(setting));
        else if (profile_is_circular(profiles, profile))
                config_load_error(
                        load, &place, "the parents of \"%s\" go in a circle", config_setting_name(profile));
}

/* The parents first. */
static void apply_profile(ConfigLoad *load, config_setting_t *profiles, config_setting_t *profile) {
        config_setting_t *parent = profile_parent(profiles, profile);

        if (parent)
                apply_profile(load, profiles, parent);

        apply_group(load, profile, "parent");
}

static void config_clear(Config *config) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (config_keys[i].offset != offsetof(Config, secret))
                        value_clear(config_keys[i].type, (char *) config + config_keys[i].offset);

        secret_free(config->secret, config->secret_len);
        free(config->admin_uids);
}

/* Into nowhere, for the problems. */
static void check_profiles(ConfigLoad *load, config_setting_t *profiles) {
        Config *config = load->config, scratch = {};
        Place places[CONFIG_KEYS];

        memcpy(places, load->places, sizeof(places));
        load->config = &scratch;

        for (int i = 0; i < config_setting_length(profiles); i++) {
                config_setting_t *profile = config_setting_get_elem(profiles, (unsigned) i);

                if (config_setting_is_group(profile))
                        check_parent(load, profiles, profile);
                apply_group(load, profile, "parent");
        }

        config_clear(&scratch);
        load->config = config;
        memcpy(load->places, places, sizeof(places));
}

static void apply_profiles(ConfigLoad *load, config_setting_t *profiles, const char *name, bool must) {
        config_setting_t *profile = NULL;

        if (profiles) {
                Place place = place_of(profiles);

                if (!config_setting_is_group(profiles)) {
                        config_load_error(load, &place, "\"profiles\" must be a group: { NAME = { ... }; }");
                        return;
                }

                check_profiles(load, profiles);
                profile = config_setting_get_member(profiles, name);
        }

        if (profile && !profile_is_circular(profiles, profile)) {
                load->quiet = true;
                apply_profile(load, profiles, profile);
                load->quiet = false;
        } else if (!profile && must)
                config_load_error(load, NULL, "there is no profile \"%s\"", name);
}

/* --- the file ---------------------------------------------------------------------------------------- */

static void check_top_level(ConfigLoad *load, config_setting_t *root) {
        for (int i = 0; i < config_setting_length(root); i++) {
                config_setting_t *setting = config_setting_get_elem(root, (unsigned) i);
                const char *name = config_setting_name(setting);
                Place place = place_of(setting);

                if (strcmp(name, "default") == 0 || strcmp(name, "profiles") == 0)
                        continue;

                if (config_key_find(name))
                        config_load_error(load, &place, "%s belongs into default = { ... };", name);
                else
                        config_load_error(load, &place,
                                "unknown \"%s\": here stand \"default\" and \"profiles\"", name);
        }
}

static void apply_file(ConfigLoad *load, config_t *file) {
        config_setting_t *root = config_root_setting(file);
        config_setting_t *group = config_setting_get_member(root, "default");
        const char *name = load->source->profile;
        struct utsname host;

        (void) uname(&host);

        check_top_level(load, root);
        if (group)
                apply_group(load, group, NULL);
        apply_profiles(load, config_setting_get_member(root, "profiles"), name ? name : host.nodename,
                name != NULL);
}

static bool file_is_public(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0 && (st.st_mode & S_IROTH);
}

/* Is there something to go on with? The settings stay valid as long as the file does: load->places point
 * into it. */
static bool read_file(ConfigLoad *load, config_t *file) {
        const char *path = load->file;
        struct stat st;

        if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
                if (errno == ENOENT && !load->source->file && !load->source->profile)
                        return true;
                config_load_error(load, NULL, "%s", strerror(errno));
        } else if (!S_ISREG(st.st_mode))
                config_load_error(load, NULL, "not a regular file");
        else if (!config_read_file(file, path)) {
                Place place = {config_error_file(file), (unsigned) config_error_line(file)};

                config_load_error(load, place.file ? &place : NULL, "%s", config_error_text(file));
        } else {
                apply_file(load, file);
                return true;
        }

        return false;
}

static void check_secret_is_private(ConfigLoad *load) {
        const Place *place = CONFIG_PLACE(load, secret);

        if (place->file && load->config->secret && file_is_public(place->file))
                config_load_warning(load, place,
                        "everybody may read this secret: chmod o-r %s, or use secret_file", place->file);
}

int config_load(Config **ret, const ConfigSource *source) {
        ConfigLoad load = {.source = source, .file = source->file ? source->file : CONFIG_FILE};
        config_t file;

        load.config = calloc(1, sizeof(*load.config));
        if (!load.config)
                return -ENOMEM;

        apply_defaults(&load);
        config_init(&file);
        if (read_file(&load, &file)) {
                check_secret_is_private(&load);
                config_load_finish(&load);
        }
        config_destroy(&file);

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
