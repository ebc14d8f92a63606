/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reminders
 *
 * A line in the log, again and again, as long as there is something to say about our certificate: aempd runs
 * for months, and nobody reads the log of its start.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/net/net.h"

typedef struct Reminder {
        const Certificate *certificate; /* NULL: there is nothing to remind of */
        const char *name;               /* of its file */
        uint64_t interval;              /* microseconds */
        sd_event_source *source;
} Reminder;

/* The first one comes after an interval. What it points to has to stay until it is stopped. */
int reminder_start(Reminder *reminder, sd_event *event);
void reminder_stop(Reminder *reminder);
