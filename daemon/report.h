/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reports
 *
 * What the node says of itself, as lines of the log.
 */

#include "daemon/core/node.h"

#define REPORT_KNOWN 64

typedef struct Report {
        uint64_t known[REPORT_KNOWN]; /* attempts that failed or were refused in the same way before */
        unsigned next_known;
        uint64_t second; /* in which that many lines were caused by strangers */
        unsigned strangers;
        unsigned dropped;
} Report;

void report_event(Report *report, const Event *event, uint64_t now);
