/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates whose time is over, or not come yet
 */

#include "daemon/config/expiry.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define DAY ((uint64_t) 24 * 3600)
#define SOON (30 * DAY)

static void format_time(uint64_t at, char text[32]) {
        time_t t = (time_t) at;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(text, 32, "%F %T UTC", &tm) == 0)
                (void) snprintf(text, 32, "%" PRIu64, at);
}

bool expiry_problem(const Certificate *certificate, uint64_t now, char text[EXPIRY_TEXT_MAX]) {
        uint64_t starts = certificate_starts(certificate), expires = certificate_expires(certificate);
        char when[32];

        if (now < starts) {
                format_time(starts, when);
                (void) snprintf(text, EXPIRY_TEXT_MAX,
                        "this certificate is not valid before %s: other nodes refuse it until then", when);
                return true;
        }

        format_time(expires, when);
        if (now > expires) {
                (void) snprintf(text, EXPIRY_TEXT_MAX,
                        "this certificate expired at %s: other nodes refuse it", when);
                return true;
        }
        if (expires - now < SOON) {
                (void) snprintf(text, EXPIRY_TEXT_MAX,
                        "this certificate expires in %" PRIu64 " days, at %s: other nodes refuse it then",
                        (expires - now) / DAY, when);
                return true;
        }

        return false;
}
