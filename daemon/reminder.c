/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reminders
 */

#include "daemon/reminder.h"

#include <time.h>

#include "daemon/config/expiry.h"
#include "daemon/log.h"

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Reminder *reminder = userdata;
        char text[EXPIRY_TEXT_MAX];
        int r;

        if (expiry_problem(reminder->certificate, (uint64_t) time(NULL), text))
                log_warn("%s: %s", reminder->name, text);

        r = sd_event_source_set_time_relative(source, reminder->interval);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A host that sleeps is reminded when it wakes up, hence the clock. */
int reminder_start(Reminder *reminder, sd_event *event) {
        if (!reminder->certificate)
                return 0;

        return sd_event_add_time_relative(event, &reminder->source, CLOCK_BOOTTIME, reminder->interval,
                reminder->interval / 100, on_time, reminder);
}

void reminder_stop(Reminder *reminder) {
        reminder->source = sd_event_source_disable_unref(reminder->source);
}
