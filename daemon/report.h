/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reports
 *
 * What the node says of itself, as lines of the log.
 */

#include "daemon/core/node.h"

#define REPORT_KNOWN 64

/* Each kind has its lines a second, so that none hides another. */
typedef enum ReportKind {
        REPORT_STRANGERS, /* who isn't let in */
        REPORT_ATTEMPTS,  /* connections that could not be made; local processes can cause many */
        REPORT_CLIENTS,   /* what local processes do wrong */
        REPORT_NODES,     /* what nodes that are up do wrong */
        _REPORT_KIND_MAX,
} ReportKind;

typedef struct ReportBudget {
        uint64_t second; /* in which that many lines were written and left out */
        unsigned lines;
        unsigned dropped;
        uint64_t known[REPORT_KNOWN]; /* what failed or was refused in the same way before */
        unsigned next_known;
} ReportBudget;

typedef struct Report {
        ReportBudget budgets[_REPORT_KIND_MAX];
} Report;

/* now: monotonic. */
void report_event(Report *report, const Event *event, uint64_t now);
