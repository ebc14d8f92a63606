/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Values for people
 */

#include "ctl/human.h"

#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ELEMENTS_OF(array) (sizeof(array) / sizeof(*(array)))

Human human_size(uint64_t octets) {
        static const char units[] = "BKMGTPE";
        double value = (double) octets;
        size_t unit = 0;
        Human h;

        while (value >= 1024 && units[unit + 1]) {
                value /= 1024;
                unit++;
        }

        (void) snprintf(
                h.text, sizeof(h.text), "%.*f%c", unit > 0 && value < 10 ? 1 : 0, value, units[unit]);
        return h;
}

Human human_span(double seconds) {
        static const struct {
                const char *name;
                uint64_t seconds;
        } units[] = {{"y", 365 * 86400}, {"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
        uint64_t rest;
        size_t i = 0;
        Human h;

        if (!(seconds >= 1)) {
                (void) snprintf(h.text, sizeof(h.text), "%dms", seconds > 0 ? (int) (seconds * 1000) : 0);
                return h;
        }

        rest = seconds < 1e18 ? (uint64_t) seconds : 0;
        while (i + 1 < ELEMENTS_OF(units) && rest < units[i].seconds)
                i++;

        if (i + 1 < ELEMENTS_OF(units) && rest % units[i].seconds >= units[i + 1].seconds)
                (void) snprintf(h.text, sizeof(h.text), "%" PRIu64 "%s %" PRIu64 "%s",
                        rest / units[i].seconds, units[i].name,
                        rest % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
        else
                (void) snprintf(
                        h.text, sizeof(h.text), "%" PRIu64 "%s", rest / units[i].seconds, units[i].name);
        return h;
}

static double age(double time) {
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        return (double) now.tv_sec + (double) now.tv_nsec / 1e9 - time;
}

Human human_age(double time) {
        return human_span(age(time));
}

Human human_ago(double time) {
        Human h;

        if (!(time > 0)) {
                (void) snprintf(h.text, sizeof(h.text), "-");
                return h;
        }

        if (age(time) < 1)
                (void) snprintf(h.text, sizeof(h.text), "now");
        else
                (void) snprintf(h.text, sizeof(h.text), "%.50s ago", human_age(time).text);
        return h;
}

Human human_user(uint64_t uid) {
        const struct passwd *entry = uid < UINT32_MAX ? getpwuid((uid_t) uid) : NULL;
        Human h;

        if (entry && strlen(entry->pw_name) < sizeof(h.text))
                (void) snprintf(h.text, sizeof(h.text), "%s", entry->pw_name);
        else
                (void) snprintf(h.text, sizeof(h.text), "%" PRIu64, uid);
        return h;
}

/* A string as it is, anything else as JSON. */
static char *element_text(const json_t *element) {
        return json_is_string(element) ? strdup(json_string_value(element))
                                       : json_dumps(element, JSON_ENCODE_ANY | JSON_COMPACT);
}

char *human_reason(const json_t *reason) {
        char *text = strdup(json_array_size(reason) > 0 ? "" : "it ended normally");

        for (size_t i = 0; text && i < json_array_size(reason); i++) {
                char *element = element_text(json_array_get(reason, i)), *longer = NULL;

                if (!element ||
                        asprintf(&longer, "%s%s%s", text,
                                i == 0           ? ""
                                        : i == 1 ? ": "
                                                 : ", ",
                                element) < 0)
                        longer = NULL;
                free(element);
                free(text);
                text = longer;
        }

        return text;
}

void human_printable(char *text) {
        for (unsigned char *p = (unsigned char *) text; *p; p++) {
                /* U+0080 to U+009f are control characters too */
                bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

                if (*p < ' ' || *p == 0x7f)
                        *p = '?';
                else if (c1)
                        p[0] = p[1] = '?';
        }
}
