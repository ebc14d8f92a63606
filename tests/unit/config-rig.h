/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configurations for one test
 *
 * In a folder of their own, "aempd.conf" and what the test puts beside it.
 */

#include <sys/types.h>

#include "daemon/config/config.h"

typedef struct Rig {
        char folder[32];
        char problems[8192]; /* one a line; the folder's name is cut off, "W" stands before warnings */
        Config *config;
} Rig;

/* Makes the folder, and no file. */
void rig_init(Rig *rig);
void rig_deinit(Rig *rig);

/* Writes a file, and folders on the way to it. */
void rig_write(Rig *rig, const char *name, mode_t mode, const char *text);
/* An absolute name for one. It lasts as long as the test does. */
const char *rig_path(Rig *rig, const char *name);

/* What config_load() returns. */
int rig_load(Rig *rig, const char *profile);
/* aempd.conf and nothing else. */
int rig_load_text(Rig *rig, const char *profile, const char *text);
/* In `default`. */
int rig_load_keys(Rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Configurations of one file. The first line of `keys` is line 2 of it. */
void check_problem(const char *keys, const char *problems);
void check_warning(const char *keys, const char *problems);
void check_fine(const char *keys);
