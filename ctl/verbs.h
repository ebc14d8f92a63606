/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Verbs
 */

#include <stddef.h>

#include "ctl/options.h"

typedef struct Verb {
        const char *name;
        const char *args;    /* as in "Usage: aempctl NAME ARGS" */
        const char *options; /* those of its own, before ARGS; NULL: none */
        const char *summary; /* a line */
        const char *help;    /* paragraphs, behind the summary */
        size_t n_min, n_max; /* arguments */
        unsigned takes;      /* options that not all have: OPTION_... */
        /* Does it; returns the exit status, having complained if that is not 0. args: NULL-terminated. */
        int (*run)(const Options *options, char **args);
} Verb;

/* NULL: none, and said so. */
const Verb *verb_find(const char *name);
/* Checks arguments and options, then does it. Returns an exit status. */
int verb_run(const Verb *verb, const Options *options, char **args);

void verb_help(const Verb *verb);
void verbs_help(void);

int verb_status(const Options *options, char **args);
int verb_nodes(const Options *options, char **args);
int verb_clients(const Options *options, char **args);
int verb_snd(const Options *options, char **args);
int verb_kil(const Options *options, char **args);
int verb_cal(const Options *options, char **args);
int verb_mon(const Options *options, char **args);
int verb_rcv(const Options *options, char **args);
int verb_spawn(const Options *options, char **args);
int verb_gensecret(const Options *options, char **args);
int verb_gencert(const Options *options, char **args);
