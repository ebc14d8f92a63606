/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Monitors
 *
 * Somebody in this process who waits for a death, of a port of ours or of something that aempd watches for
 * us.
 */

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/list.h"
#include "wire/str.h"

typedef struct Mon Mon;
typedef struct Watch Watch;

/* Called once, with the monitor already unlinked. */
typedef void (*MonFire)(aemp *a, Mon *mon, const char *id, const Content *reason);

struct Mon {
        List link;    /* among the monitors of a Death */
        Watch *watch; /* NULL when it is about a port of ours */
        MonFire fire;
};

void mon_init(Mon *mon, MonFire fire);
int mon_start(aemp *a, Mon *mon, Str id);
void mon_stop(aemp *a, Mon *mon);
