/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line
 */

#include <stdbool.h>

typedef struct Options {
        const char *config;  /* NULL: the default file */
        const char *profile; /* NULL: the host's */
        const char *socket;  /* NULL: as configured */
        bool check;
} Options;

/* 1: go on; 0: all was said (--help, --version); -EINVAL: wrong, and said so. */
int options_parse(Options *ret, int argc, char **argv);
