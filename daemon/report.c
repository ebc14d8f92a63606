/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reports
 *
 * Two things must not fill a disk: a node that is away and tried again and again, which is told once until
 * something changes; and strangers that come and go, who get a bounded number of lines a second.
 */

#include "daemon/report.h"

#include <string.h>

#include "daemon/log.h"

#define STRANGERS_PER_SECOND 20

static uint64_t hash(const char *text, uint64_t h) {
        for (; text && *text; text++)
                h = (h ^ (unsigned char) *text) * 0x100000001b3ULL; /* FNV-1a */

        return h;
}

/* Was that failure told already? */
static bool is_known(Report *report, const Event *event) {
        uint64_t h = hash(event->text, hash(event->who, hash(event->node, 0xcbf29ce484222325ULL)));

        for (size_t i = 0; i < REPORT_KNOWN; i++)
                if (report->known[i] == h)
                        return true;

        report->known[report->next_known++ % REPORT_KNOWN] = h;
        return false;
}

static void forget_known(Report *report) {
        memset(report->known, 0, sizeof(report->known));
}

/* May a stranger cause one more line? */
static bool is_allowed(Report *report, uint64_t now) {
        if (now / USEC_PER_SEC != report->second) {
                if (report->dropped > 0)
                        log_warn("%u more lines of this kind are left out", report->dropped);
                report->second = now / USEC_PER_SEC;
                report->strangers = report->dropped = 0;
        }

        if (report->strangers++ < STRANGERS_PER_SECOND)
                return true;

        report->dropped++;
        return false;
}

static int event_level(Report *report, const Event *event) {
        switch (event->type) {
        case EVENT_NODE_UP:
        case EVENT_NODE_DOWN:
                forget_known(report);
                return LEVEL_NOTE;
        case EVENT_CONNECT_FAILED:
                return is_known(report, event) ? LEVEL_DEBUG : LEVEL_NOTE;
        case EVENT_SEED_SELF:
                return LEVEL_NOTE;
        case EVENT_CONN_REFUSED:
                return is_known(report, event) ? LEVEL_DEBUG : LEVEL_WARN;
        case EVENT_PROTOCOL_ERROR:
        case EVENT_CLIENT_REFUSED:
        case EVENT_SLOW:
                return LEVEL_WARN;
        case EVENT_REQUEST_FAILED:
        case EVENT_CLIENT_ATTACHED:
        case EVENT_CLIENT_DETACHED:
                return LEVEL_INFO;
        case EVENT_NO_MEMORY:
        case _EVENT_TYPE_MAX:
                break;
        }

        return LEVEL_ERROR;
}

static const char *event_what(const Event *event) {
        switch (event->type) {
        case EVENT_NODE_UP:
                return "node is up";
        case EVENT_NODE_DOWN:
                return "node is down";
        case EVENT_CONNECT_FAILED:
                return event->node ? "can't connect to node" : "can't connect to seed";
        case EVENT_CONN_REFUSED:
                return "connection refused";
        case EVENT_PROTOCOL_ERROR:
                return "protocol error";
        case EVENT_REQUEST_FAILED:
                return "request failed";
        case EVENT_CLIENT_ATTACHED:
                return "client attached";
        case EVENT_CLIENT_DETACHED:
                return "client detached";
        case EVENT_CLIENT_REFUSED:
                return "client refused";
        case EVENT_SEED_SELF:
                return "seed is this node";
        case EVENT_SLOW:
                return "too slow, cut";
        case EVENT_NO_MEMORY:
                return "out of memory";
        case _EVENT_TYPE_MAX:
                break;
        }

        return "event";
}

void report_event(Report *report, const Event *event, uint64_t now) {
        int level = event_level(report, event);
        const char *node = event->node, *who = event->who;
        const char *text = event->type == EVENT_SEED_SELF ? NULL : event->text;

        bool many =
                level == LEVEL_WARN || event->type == EVENT_CONNECT_FAILED; /* any client can cause these */

        if (!log_is_on(level) || (many && !is_allowed(report, now)))
                return;

        log_line(level, "%s%s%s%s%s%s%s", event_what(event), node || who ? ": " : "", node ? node : "",
                node && who ? " at " : "", who ? who : "", text ? ": " : "", text ? text : "");
}
