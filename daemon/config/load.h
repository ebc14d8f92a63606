/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Loading a configuration
 *
 * What the steps of it share: the files, the configuration so far, where each value comes from, and the
 * problems.
 */

#include <libconfig.h>

#include "daemon/config/keys.h"

/* One file of the configuration. */
typedef struct ConfigFile {
        char *path;
        bool is_public; /* everybody may read it */
        config_t tree;
} ConfigFile;

/* Where a value was set. */
typedef struct Place {
        const ConfigFile *file; /* NULL: it is the default */
        unsigned line;
} Place;

typedef struct ConfigLoad {
        const ConfigSource *source;
        Config *config;
        ConfigFile **files; /* that could be parsed; what a later one sets counts */
        size_t n_files;
        const ConfigFile *file; /* that is looked at; NULL: none, or the defaults */
        Place places[CONFIG_KEYS];
        bool quiet; /* these problems were reported before */
        int error;  /* the worst so far: -ENOMEM, -EINVAL, 0 */
} ConfigLoad;

/* NULL as place: the configuration as a whole. */
void config_load_error(ConfigLoad *load, const Place *place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void config_load_warning(ConfigLoad *load, const Place *place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* A file of which there is no ConfigFile; line 0: all of it. */
void config_load_file_error(ConfigLoad *load, const char *path, unsigned line, const char *text);
/* -ENOMEM: for others there is config_load_error(). */
void config_load_failed(ConfigLoad *load, int r);

/* Where the member of Config at that offset was set. */
const Place *config_load_place(const ConfigLoad *load, size_t offset);
#define CONFIG_PLACE(load, member) config_load_place(load, offsetof(Config, member))

/* The file as configured, or the default one. */
const char *config_load_main(const ConfigLoad *load);
