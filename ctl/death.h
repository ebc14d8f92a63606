/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Deaths that were not wanted
 */

typedef struct json_t json_t;

/* For people: that `id` died, and why. free() it; NULL without memory. */
char *death_text(const char *id, const json_t *reason);
/* EXIT_NO_SUCH, or EXIT_FAILURE if it was there. */
int death_status(const json_t *reason);
/* The same of a port that died before it was known to be there. */
int spawn_death_status(const json_t *reason);
