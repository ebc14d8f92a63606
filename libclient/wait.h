/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Waiting for something without running callbacks
 */

#include <stdbool.h>
#include <stdint.h>

#include "libclient/public.h"

/* With the time over, what is there already is still read, but not what comes faster than we read: that much
 * is more than a socket holds. */
#define LATE_READS 16

typedef struct Wait {
        uint64_t end;  /* CLOCK_MONOTONIC, in microseconds; UINT64_MAX: never */
        unsigned late; /* reads after that */
} Wait;

/* -EBUSY in a callback. */
int wait_start(Wait *wait, aemp *a, uint64_t timeout);
/* Something came, or is over: 0, look again. -ETIMEDOUT, -EINTR, -ENOTCONN, -ENOBUFS. */
int wait_more(Wait *wait, aemp *a);
/* Whatever is left for a turn makes the fd readable. */
void wait_end(aemp *a);

/* The time at which that is over. */
uint64_t wait_deadline(uint64_t timeout);
bool wait_is_over(uint64_t end);
/* Reads what is there: 1; 0: nothing; -ENOTCONN: the connection was over, -ENOBUFS. */
int wait_read(aemp *a);
/* poll() for the stream: 0, -ETIMEDOUT, -EINTR. */
int wait_poll(aemp *a, short events, uint64_t end);
