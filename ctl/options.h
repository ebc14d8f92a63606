/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The options of the command line
 */

#include <stdbool.h>
#include <stdint.h>

/* Options that only some verbs have: those were given, in Options; those are taken, in a Verb. */
enum {
        OPTION_COUNT = 1 << 0,
        OPTION_NAME = 1 << 1,
        OPTION_WAIT = 1 << 2,
        OPTION_OUTPUT = 1 << 3,
        OPTION_DAYS = 1 << 4,
        OPTION_CA = 1 << 5,
};

typedef struct Options {
        const char *address; /* NULL: the library's default */
        uint64_t timeout;    /* usec; 0: the verb's own */
        uint64_t count;      /* 0: not given */
        const char *name;    /* NULL, as the next two: not given */
        const char *output;
        const char *ca;
        uint64_t days; /* 0: not given */
        bool wait;
        bool json;
        bool help;
        bool version;
        unsigned given;
} Options;

/* The verb and its arguments are left, from *ret_rest, NULL-terminated. -EINVAL: wrong, and said so. */
int options_parse(Options *ret, char ***ret_rest, int argc, char **argv);
/* As it is written: one of these, the lowest. */
const char *option_text(unsigned options);
