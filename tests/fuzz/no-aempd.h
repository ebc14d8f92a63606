/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An aempd without a file, a thread or time
 *
 * Of the kernel's calls that libaemp-client makes three are ours: connect() gives one end of a pair, and the
 * clock is set forward.
 */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* aempd's line at the first attachment; NULL: the usual one, as at all others. */
void aempd_start(const char *line, size_t size);
void aempd_stop(void);

/* Octets to the library. What that said meanwhile must be a line, then messages. */
void aempd_say(const uint8_t *data, size_t size);
void aempd_hang_up(void);

void sleep_for(time_t seconds);
