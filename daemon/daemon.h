/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemon
 *
 * A node with its edges, on an event loop.
 */

#include <systemd/sd-event.h>

#include "daemon/config/config.h"

typedef struct Daemon Daemon;

/* The configuration stays the caller's. Errors are logged. */
int daemon_new(Daemon **ret, sd_event *event, const Config *config);
Daemon *daemon_free(Daemon *daemon);

/* Until a signal ends it: the exit status, or -errno. */
int daemon_run(Daemon *daemon);
