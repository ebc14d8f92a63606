/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Callbacks about the attachment itself
 */

#include "libclient/public.h"
#include "wire/list.h"

typedef struct Hooks {
        List detach;
        List reattach;
        List writable;
        List refused;
} Hooks;

void hooks_init(Hooks *hooks);

/* Of one of the first three lists. */
void hooks_run(aemp *a, List *hooks);
void hooks_run_refused(aemp *a, const char *tag, const char *code, const char *text);
