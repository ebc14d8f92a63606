/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A group of settings
 */

#include "daemon/config/group.h"

#include <errno.h>
#include <string.h>

#include "daemon/config/like.h"

Place config_group_place(const ConfigLoad *load, const config_setting_t *setting) {
        return (Place){load->file, config_setting_source_line(setting)};
}

static void bad_value(ConfigLoad *load, const config_setting_t *setting, const ConfigKey *key, int r) {
        const config_setting_t *entry = value_bad_entry(key->type, setting);
        Place place = config_group_place(load, entry ? entry : setting);
        char min[64], max[64];

        if (r == -ENOMEM)
                config_load_failed(load, r);
        else if (r == -ERANGE && key->max > 0) {
                value_format(key->type, key->min, min, sizeof(min));
                value_format(key->type, key->max, max, sizeof(max));
                config_load_error(load, &place, "%s must be from %s to %s", key->name, min, max);
        } else if (entry && key->type == VALUE_ENDPOINTS)
                config_load_error(load, &place,
                        "%s: \"%s\" is no address: \"host:port\", \"[v6]:port\" and the like", key->name,
                        config_setting_get_string(entry));
        else if (entry)
                config_load_error(load, &place, "%s: one in the list is empty", key->name);
        else
                config_load_error(load, &place, "%s must be %s", key->name, value_expected(key->type));
}

static void unknown_key(ConfigLoad *load, const Place *place, const char *name) {
        const ConfigKey *like = config_key_like(name);

        if (like)
                config_load_error(load, place, "unknown key \"%s\", did you mean \"%s\"?", name, like->name);
        else if (strcmp(name, "parent") == 0)
                config_load_error(load, place, "parent is for profiles");
        else
                config_load_error(load, place, "unknown key \"%s\"", name);
}

/* --- lists of words ---------------------------------------------------------------------------------- */

static void unknown_word(ConfigLoad *load, const Place *place, const ConfigKey *key, const char *word) {
        Like like = like_init(word);

        for (const char *const *known = value_words(key->type); *known; known++)
                like_try(&like, *known);

        if (like.best)
                config_load_error(
                        load, place, "%s: unknown \"%s\", did you mean \"%s\"?", key->name, word, like.best);
        else
                config_load_error(load, place, "%s: unknown \"%s\", it must be %s", key->name, word,
                        value_expected(key->type));
}

static bool is_among(const char *word, const char *const *words, size_t n) {
        for (size_t i = 0; i < n && words[i]; i++)
                if (strcmp(words[i], word) == 0)
                        return true;

        return false;
}

/* Each of them one that there is, and none twice. */
static void check_words(ConfigLoad *load, const config_setting_t *setting, const ConfigKey *key) {
        const char *const *known = value_words(key->type);
        char **words;

        if (!known)
                return;

        words = *(char ***) ((char *) load->config + key->offset);
        for (size_t i = 0; words[i]; i++) {
                Place place = config_group_place(load, value_entry(setting, i));

                if (!is_among(words[i], known, SIZE_MAX))
                        unknown_word(load, &place, key, words[i]);
                else if (is_among(words[i], (const char *const *) words, i))
                        config_load_error(load, &place, "%s: \"%s\" is there twice", key->name, words[i]);
        }
}

/* --- settings ---------------------------------------------------------------------------------------- */

/* Also one that another file or profile replaces: it has been read by then. */
static void check_secret(ConfigLoad *load, const Place *place) {
        const ConfigFile *file = place->file;

        if (file && file->is_public && load->config->secret[0])
                config_load_error(
                        load, place, "everybody may read %s: chmod o-r %s", file->path, file->path);
}

/* Takes over one key's value. */
static void apply_setting(ConfigLoad *load, const config_setting_t *setting) {
        const char *name = config_setting_name(setting);
        const ConfigKey *key = config_key_find(name);
        Place place = config_group_place(load, setting);
        int r;

        if (!key) {
                unknown_key(load, &place, name);
                return;
        }

        r = value_read(key->type, setting, key->min, key->max, (char *) load->config + key->offset);
        if (r < 0) {
                bad_value(load, setting, key, r);
                return;
        }

        load->places[key - config_keys] = place;
        check_words(load, setting, key);
        if (key->offset == offsetof(Config, secret))
                check_secret(load, &place);
}

void config_group_apply(ConfigLoad *load, config_setting_t *group, const char *but) {
        Place place = config_group_place(load, group);

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
