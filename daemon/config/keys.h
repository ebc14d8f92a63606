/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration keys
 *
 * The table of all there are, with their defaults.
 */

#include <stdint.h>
#include <stdio.h>

#include "daemon/config/config.h"
#include "daemon/config/value.h"

typedef struct ConfigKey {
        const char *name;
        ValueType type;
        size_t offset;        /* in Config */
        const char *standard; /* the default, as it stands in the file */
        uint64_t min, max;    /* of times in microseconds, sizes, counts */
        const char *help;     /* one line */
} ConfigKey;

#define CONFIG_KEYS 32

extern const ConfigKey config_keys[CONFIG_KEYS];

/* NULL: there is none of that name. */
const ConfigKey *config_key_find(const char *name);
/* The key that somebody may have meant, or NULL. */
const ConfigKey *config_key_like(const char *name);

/* One line a key, for tests: "name<TAB>default<TAB>help<TAB>range"; the range may be empty. */
void config_keys_dump(FILE *to);
