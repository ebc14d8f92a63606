/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One fd for everything
 *
 * An epoll with the socket, a timer, and an eventfd for what was put off within this process.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libclient/public.h"

typedef struct sd_event_source sd_event_source;

typedef struct Loop {
        int epoll;
        int timer;
        int wake;
        bool running;       /* within aemp_process() */
        bool touched;       /* something was put off since the last settling */
        bool awake;         /* `wake` is readable */
        uint32_t events;    /* what epoll looks for at the socket; 0: it isn't there */
        uint64_t timer_due; /* what the timer is set to */
        sd_event *event;    /* attached to, or NULL */
        sd_event_source *source;
} Loop;

int loop_init(Loop *loop);
void loop_deinit(Loop *loop);

/* A callback is running, which may neither take a turn nor wait. */
bool loop_is_busy(const aemp *a);

/* There is something for the next turn already. */
bool loop_is_pending(aemp *a);

/* There is something to settle. Cheap when there was already. */
void loop_touch(aemp *a);
/* Writes, and leaves the fd readable exactly when there is something to do. Runs no callback. */
void loop_settle(aemp *a);

void loop_watch_stream(aemp *a);
/* Before it is closed: somebody else may have the same socket open, after a fork. */
void loop_unwatch_stream(aemp *a);
/* Nothing will make the fd readable any more. */
void loop_stop(aemp *a);
