/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reports
 *
 * Two things must not fill a disk: a node that is away and tried again and again, which is told once until
 * something changes; and those who come and go, or send nonsense, who get a bounded number of lines a
 * second.
 */

#include "daemon/report.h"

#include <string.h>

#include "daemon/log.h"

#define LINES_PER_SECOND 20

static uint64_t hash_octets(const char *p, size_t n, uint64_t h) {
        for (; n > 0; n--, p++)
                h = (h ^ (unsigned char) *p) * 0x100000001b3ULL; /* FNV-1a */

        return h;
}

static uint64_t hash(const char *text, uint64_t h) {
        return text ? hash_octets(text, strlen(text), h) : h;
}

/* A stranger has another port each time. */
static size_t known_length(const Event *event) {
        const char *port = event->type == EVENT_CONN_REFUSED && event->who ? strrchr(event->who, ':') : NULL;

        return port ? (size_t) (port - event->who) : event->who ? strlen(event->who) : 0;
}

/* Was that failure told already? */
static bool is_known(ReportBudget *budget, const Event *event) {
        uint64_t h = hash(event->node, 0xcbf29ce484222325ULL);

        h = hash(event->text, hash_octets(event->who, known_length(event), h));

        for (size_t i = 0; i < REPORT_KNOWN; i++)
                if (budget->known[i] == h)
                        return true;

        budget->known[budget->next_known++ % REPORT_KNOWN] = h;
        return false;
}

static void forget_known(Report *report) {
        for (size_t i = 0; i < _REPORT_KIND_MAX; i++)
                memset(report->budgets[i].known, 0, sizeof(report->budgets[i].known));
}

/* _REPORT_KIND_MAX: it comes as often as it comes. */
static ReportKind event_kind(const Event *event) {
        switch (event->type) {
        case EVENT_CONN_REFUSED:
                return REPORT_STRANGERS;
        case EVENT_CONNECT_FAILED:
        case EVENT_SEED_FAILED:
                return REPORT_ATTEMPTS;
        case EVENT_CLIENT_REFUSED:
                return REPORT_CLIENTS;
        case EVENT_PROTOCOL_ERROR:
        case EVENT_REQUEST_FAILED:
        case EVENT_SLOW:
                return event->node ? REPORT_NODES : REPORT_CLIENTS;
        default:
                return _REPORT_KIND_MAX;
        }
}

/* One more line of that kind? */
static bool is_allowed(ReportBudget *budget, ReportKind kind, uint64_t now) {
        static const char *const about[_REPORT_KIND_MAX] = {
                [REPORT_STRANGERS] = "connections that were refused",
                [REPORT_ATTEMPTS] = "connections that could not be made",
                [REPORT_CLIENTS] = "errors of clients",
                [REPORT_NODES] = "errors of nodes",
        };

        if (now / USEC_PER_SEC != budget->second) {
                if (budget->dropped > 0)
                        log_warn(
                                "%u more lines of this kind are left out: %s", budget->dropped, about[kind]);
                budget->second = now / USEC_PER_SEC;
                budget->lines = budget->dropped = 0;
        }

        if (budget->lines++ < LINES_PER_SECOND)
                return true;

        budget->dropped++;
        return false;
}

static int event_level(Report *report, const Event *event) {
        switch (event->type) {
        case EVENT_NODE_UP:
        case EVENT_NODE_DOWN:
                forget_known(report);
                return LEVEL_NOTE;
        case EVENT_CONNECT_FAILED:
        case EVENT_SEED_FAILED:
                return is_known(&report->budgets[REPORT_ATTEMPTS], event) ? LEVEL_DEBUG : LEVEL_NOTE;
        case EVENT_SEED_SELF:
                return LEVEL_NOTE;
        case EVENT_CONN_REFUSED:
                return is_known(&report->budgets[REPORT_STRANGERS], event) ? LEVEL_DEBUG : LEVEL_WARN;
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
                return "can't connect to node";
        case EVENT_SEED_FAILED:
                return "can't connect to seed";
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
        ReportKind kind = event_kind(event);
        const char *node = event->node, *who = event->who;
        const char *text = event->type == EVENT_SEED_SELF ? NULL : event->text;

        if (!log_is_on(level))
                return;
        if (kind != _REPORT_KIND_MAX && !is_allowed(&report->budgets[kind], kind, now))
                return;

        log_line(level, "%s%s%s%s%s%s%s", event_what(event), node || who ? ": " : "", node ? node : "",
                node && who ? " at " : "", who ? who : "", text ? ": " : "", text ? text : "");
}
