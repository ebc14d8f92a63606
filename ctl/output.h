/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What goes to stdout
 *
 * Each call returns a negative errno when it failed; output_close() complains of it.
 */

#include <stddef.h>

typedef struct json_t json_t;
typedef struct aemp_msg aemp_msg;

/* One line of JSON, written at once. */
int output_json(const json_t *value);
/* The same of all elements of a message. */
int output_message(aemp_msg *msg);
/* A line of text, the same way. */
int output_line(const char *text);
/* Text of n octets as it is. */
int output_text(const char *text, size_t n);
/* Writes what waits; complains when that, or anything before, failed. The last call. */
int output_close(void);
