/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Loading a configuration
 *
 * What the steps of it share: the configuration so far, where each value comes from, and the problems.
 */

#include "daemon/config-keys.h"

/* Where a value was set. */
typedef struct Place {
        const char *file; /* NULL: it is the default */
        unsigned line;
} Place;

typedef struct ConfigLoad {
        const ConfigSource *source;
        Config *config;
        const char *file; /* for problems that have no better place */
        Place places[CONFIG_KEYS];
        bool quiet; /* these problems were reported before */
        int error;  /* the worst so far: -ENOMEM, -EINVAL, 0 */
} ConfigLoad;

/* NULL as place: the file as a whole. */
void config_load_error(ConfigLoad *load, const Place *place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void config_load_warning(ConfigLoad *load, const Place *place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* -ENOMEM: for others there is config_load_error(). */
void config_load_failed(ConfigLoad *load, int r);

/* Where the member of Config at that offset was set. */
const Place *config_load_place(const ConfigLoad *load, size_t offset);
#define CONFIG_PLACE(load, member) config_load_place(load, offsetof(Config, member))

/* Checks what one value alone does not tell: values that have to fit each other, files and users that have
 * to exist. Expands the node ID, reads the secret, looks users up. */
void config_load_finish(ConfigLoad *load);
