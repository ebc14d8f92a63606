/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What surrounds a running callback
 *
 * The port in whose name it runs, the text of its failure, the memory of what it unpacks.
 */

#include "libclient/arena.h"
#include "libclient/public.h"
#include "wire/buf.h"

#define FAIL_TEXT_MAX 256

typedef struct Context {
        aemp_port *self;
        unsigned depth; /* callbacks within each other: aemp_port_run() in one */
        int error;      /* the first of a callback without a port in this turn */
        int fail;       /* what fail_text is about; 0: none */
        char fail_text[FAIL_TEXT_MAX];
        Arena arena; /* emptied when the outermost is over */
        Buf scratch; /* for strings that have to be converted on their way to the arena */
} Context;

void context_deinit(Context *context);

/* Around each callback. `port` may be NULL; it stays valid until the end, which settles what the result r
 * means. */
void context_enter(aemp *a, aemp_port *port);
void context_leave(aemp *a, aemp_port *port, int r);

/* Sets the text that explains the failure r. */
void context_fail(Context *context, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
