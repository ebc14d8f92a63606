/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values for people
 */

#include <stdint.h>

typedef struct json_t json_t;

/* Valid until the end of the expression that it is made in. */
typedef struct Human {
        char text[64];
} Human;

/* "0B", "1.5K", "64M" */
Human human_size(uint64_t octets);
/* "250ms", "3min 2s", "5d 4h": the two largest units. */
Human human_span(double seconds);
/* Since a Unix time: a span. */
Human human_age(double time);
/* "3min 2s ago" for a Unix time, "now" within a second; "-" for 0. */
Human human_ago(double time);
/* "alice", or the number. */
Human human_user(uint64_t uid);
/* "transport_error: host9, Connection refused": of a reason, free() it; NULL without memory. */
char *human_reason(const json_t *reason);
/* Control characters become '?', in place. */
void human_printable(char *text);
