/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errands
 *
 * What a verb does with an attached aempd: it starts something, turns until that ended, and detaches. How it
 * ended is an exit status; who ends it first wins, and has complained if that was not a success.
 */

#include <stdbool.h>
#include <stdint.h>

#include <aemp-client.h>

#include "ctl/options.h"

#define ERRAND_TIMEOUT (5 * 1000 * 1000U) /* usec: of verbs that expect an answer at once */

typedef struct Errand {
        aemp *aemp;
        int status;          /* an exit status; -1: under way */
        uint64_t timeout;    /* usec */
        const char *missing; /* for people: what did not come when the time is over */
        int unknown_status;  /* of its end when aempd refuses something as unknown; 0: EXIT_FAILURE */
        bool to_reader;      /* its end is also when nobody reads stdout any more */
        void (*on_routed)(void *userdata);
        void *on_routed_userdata;
} Errand;

/* Attaches. timeout: unless there is one in the options. False: it has ended. */
bool errand_start(Errand *errand, const Options *options, uint64_t timeout);
/* Turns until it ended, and detaches. Returns its exit status. */
int errand_run(Errand *errand);
void errand_deinit(Errand *errand);

void errand_end(Errand *errand, int status);
/* It ends with a complaint. */
void errand_fail(Errand *errand, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* It ends if r is an error, of what was tried with `what`, mostly an ID. */
void errand_check(Errand *errand, int r, const char *what);
/* It ends if r is an error of output. */
void errand_check_output(Errand *errand, int r);
/* It ends because `id` died. */
void errand_died(Errand *errand, const char *id, aemp_msg *reason);

/* fn is called when all that was sent before was routed on that node; it ends with errand_died() when the
 * node can't be reached. Once an errand. */
void errand_when_routed(Errand *errand, const char *node, void (*fn)(void *userdata), void *userdata);
/* The same, and then it ends with success. */
void errand_end_routed(Errand *errand, const char *node);

#define _cleanup_errand_ __attribute__((cleanup(errand_deinit)))
