/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Getting to aempd, and getting back to it
 */

#include <stdint.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "libclient/timer.h"
#include "wire/buf.h"

typedef struct Attach {
        char *path;
        char *greeting; /* our line */
        Timer timer;    /* the next attempt, or the end of the present one */
        uint64_t delay; /* before the next attempt */
        uint64_t random;
        Buf line;        /* what came of aempd's line */
        char error[256]; /* for people: what went wrong last */
} Attach;

#define ATTACH_TIMEOUT (10 * 1000000U)

int attach_init(Attach *attach, const char *address, const char *program);
void attach_deinit(Attach *attach);

/* Connects and sends our line; for aemp_open() it may wait. */
int attach_start(aemp *a, bool wait);
/* aempd's line may be there: 1 when attached, 0 when not yet, else the attempt failed. */
int attach_input(aemp *a);

/* The connection ended, or the attempt failed: monitors fire, callbacks run, a timer is set. */
void attach_lost(aemp *a);
/* attach_input() said 1, and not for the first time: what was there before is registered again, callbacks
 * run. All ports have new IDs, so that the replies to open calls have nowhere to go: they end. */
void attach_regained(aemp *a);
void attach_timer_fire(aemp *a, Timer *timer);
