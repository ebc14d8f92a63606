/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * When a certificate expires
 *
 * Dates are UTC's, as in the certificate itself and as other tools show them.
 */

#include "ctl/expiry.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define SECONDS_PER_DAY 86400
#define DAYS_NEAR 30
#define TIME_MAX 253402300799.0 /* the end of the year 9999, and of what a certificate can say */

/* Rounded down, also below 0. */
static long days_between(double from, double to) {
        double days = (to - from) / SECONDS_PER_DAY;

        return (long) days - (days < (double) (long) days);
}

static bool is_time(const json_t *time) {
        return json_is_number(time) && json_number_value(time) >= 0 && json_number_value(time) <= TIME_MAX;
}

Expiry expiry_of(const json_t *certificate) {
        const json_t *time = json_object_get(certificate, "expires"),
                     *starts = json_object_get(certificate, "starts");
        Expiry expiry = {.time = json_number_value(time)};
        struct timespec now;

        if (!is_time(time))
                return (Expiry){};

        (void) clock_gettime(CLOCK_REALTIME, &now);
        expiry.days = days_between((double) now.tv_sec, expiry.time);
        expiry.is_known = true;
        if (is_time(starts) && json_number_value(starts) > (double) now.tv_sec)
                expiry.starts = json_number_value(starts);
        expiry.is_near = expiry.days < DAYS_NEAR || expiry.starts > 0;
        return expiry;
}

Human expiry_text(const Expiry *expiry) {
        time_t time = (time_t) (expiry->starts > 0 ? expiry->starts : expiry->time);
        struct tm tm = {};
        char date[16];
        Human h;

        (void) gmtime_r(&time, &tm);
        (void) strftime(date, sizeof(date), "%Y-%m-%d", &tm);
        if (expiry->starts > 0)
                (void) snprintf(h.text, sizeof(h.text), "not valid before %s", date);
        else if (expiry->days < 0)
                (void) snprintf(h.text, sizeof(h.text), "expired %s", date);
        else
                (void) snprintf(h.text, sizeof(h.text), "expires %s (%ld day%s)", date, expiry->days,
                        expiry->days == 1 ? "" : "s");
        return h;
}

Human expiry_short(const Expiry *expiry) {
        Human h;

        if (expiry->days < 0)
                (void) snprintf(h.text, sizeof(h.text), "expired");
        else
                (void) snprintf(h.text, sizeof(h.text), "%ldd", expiry->days);
        return h;
}
