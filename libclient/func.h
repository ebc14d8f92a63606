/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Functions that others may call
 */

#include <stdbool.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/list.h"
#include "wire/str.h"

/* Printable ASCII, at most 255 octets, with "::" somewhere. */
#define FUNC_NAME_MAX 255
bool func_name_is_valid(Str name);

typedef struct Funcs {
        List slots;
        const char *called; /* the name that was called, while it runs */
} Funcs;

void funcs_init(Funcs *funcs);

/* Runs the function for a port that was spawned, or for a call: NULL. False when nobody here has it. */
bool func_run(aemp *a, aemp_port *port, Str name, const Content *args);

/* aempd is back: it is told all functions again. */
void funcs_attached(aemp *a);
