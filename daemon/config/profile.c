/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Profiles
 */

#include "daemon/config/profile.h"

#include <string.h>

#include "daemon/config/group.h"
#include "daemon/config/like.h"

#define PARENTS_MAX 16

static config_setting_t *profiles_in(const ConfigFile *file) {
        config_setting_t *profiles = config_setting_get_member(config_root_setting(&file->tree), "profiles");

        return profiles && config_setting_is_group(profiles) ? profiles : NULL;
}

static config_setting_t *profile_in(const ConfigFile *file, const char *name) {
        config_setting_t *profiles = profiles_in(file);
        config_setting_t *profile = profiles ? config_setting_get_member(profiles, name) : NULL;

        return profile && config_setting_is_group(profile) ? profile : NULL;
}

static config_setting_t *parent_in(config_setting_t *profile) {
        config_setting_t *parent = config_setting_get_member(profile, "parent");

        return parent && config_setting_type(parent) == CONFIG_TYPE_STRING ? parent : NULL;
}

static bool profile_exists(const ConfigLoad *load, const char *name) {
        for (size_t i = 0; i < load->n_files; i++)
                if (profile_in(load->files[i], name))
                        return true;

        return false;
}

/* The setting that names it, or NULL. */
static config_setting_t *profile_parent(const ConfigLoad *load, const char *name) {
        for (size_t i = load->n_files; i > 0; i--) {
                config_setting_t *profile = profile_in(load->files[i - 1], name);
                config_setting_t *parent = profile ? parent_in(profile) : NULL;

                if (parent)
                        return parent;
        }

        return NULL;
}

/* --- chains ------------------------------------------------------------------------------------------ */

/* A profile, its parent, and so on: as far as it makes sense. */
typedef struct Chain {
        const char *names[PARENTS_MAX + 1];
        size_t n;
        bool is_circular;
        bool is_long;
} Chain;

static bool chain_has(const Chain *chain, const char *name) {
        for (size_t i = 0; i < chain->n; i++)
                if (strcmp(chain->names[i], name) == 0)
                        return true;

        return false;
}

static Chain profile_chain(const ConfigLoad *load, const char *name) {
        Chain chain = {.names = {name}, .n = 1};
        config_setting_t *parent;

        while ((parent = profile_parent(load, chain.names[chain.n - 1]))) {
                const char *next = config_setting_get_string(parent);

                chain.is_circular = chain_has(&chain, next);
                chain.is_long = chain.n > PARENTS_MAX;
                if (chain.is_circular || chain.is_long || !profile_exists(load, next))
                        break;
                chain.names[chain.n++] = next;
        }

        return chain;
}

void config_profile_apply(ConfigLoad *load, const char *name) {
        Chain chain = profile_chain(load, name);

        for (size_t i = chain.n; i > 0; i--)
                for (size_t j = 0; j < load->n_files; j++) {
                        config_setting_t *profile = profile_in(load->files[j], chain.names[i - 1]);

                        load->file = load->files[j];
                        if (profile)
                                config_group_apply(load, profile, "parent");
                }
}

/* --- checks ------------------------------------------------------------------------------------------ */

void config_profile_must_exist(ConfigLoad *load, const Place *place, const char *name) {
        Like like = like_init(name);

        if (profile_exists(load, name))
                return;

        for (size_t i = 0; i < load->n_files; i++) {
                config_setting_t *profiles = profiles_in(load->files[i]);

                for (int j = 0; profiles && j < config_setting_length(profiles); j++)
                        like_try(
                                &like, config_setting_name(config_setting_get_elem(profiles, (unsigned) j)));
        }

        if (like.best)
                config_load_error(
                        load, place, "there is no profile \"%s\", did you mean \"%s\"?", name, like.best);
        else
                config_load_error(load, place, "there is no profile \"%s\"", name);
}

static void check_parent(ConfigLoad *load, config_setting_t *profile) {
        config_setting_t *setting = config_setting_get_member(profile, "parent");
        const char *name = config_setting_name(profile);
        Place place;
        Chain chain;

        if (!setting)
                return;

        place = config_group_place(load, setting);
        if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
                config_load_error(load, &place, "parent must be a string");
                return;
        }

        config_profile_must_exist(load, &place, config_setting_get_string(setting));
        if (profile_parent(load, name) != setting) /* a later file names another one */
                return;

        chain = profile_chain(load, name);
        if (chain.is_circular)
                config_load_error(load, &place, "the parents of \"%s\" go in a circle", name);
        else if (chain.is_long)
                config_load_error(load, &place, "\"%s\" has more than %d parents", name, PARENTS_MAX);
}

void config_profiles_check(ConfigLoad *load) {
        config_setting_t *root = config_root_setting(&load->file->tree);
        config_setting_t *profiles = config_setting_get_member(root, "profiles");
        Place place;

        if (!profiles)
                return;

        place = config_group_place(load, profiles);
        if (!config_setting_is_group(profiles)) {
                config_load_error(load, &place, "\"profiles\" must be a group: { NAME = { ... }; }");
                return;
        }

        for (int i = 0; i < config_setting_length(profiles); i++) {
                config_setting_t *profile = config_setting_get_elem(profiles, (unsigned) i);

                if (config_setting_is_group(profile))
                        check_parent(load, profile);
                config_group_apply(load, profile, "parent");
        }
}
