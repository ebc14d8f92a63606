/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The options of the command line
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct Options {
        const char *address; /* NULL: the library's default */
        uint64_t timeout;    /* usec; 0: the verb's own */
        uint64_t count;      /* 0: not given */
        bool json;
        bool help;
        bool version;
} Options;

/* What is left are the verb and its arguments, from *ret_rest, NULL-terminated. -EINVAL: wrong, and said so.
 */
int options_parse(Options *ret, char ***ret_rest, int argc, char **argv);
