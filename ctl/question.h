/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Questions to aempd: its operations, docs/attach.md section 5
 */

#include "ctl/options.h"

typedef struct json_t json_t;

/* Attaches, and asks. Returns EXIT_SUCCESS with the answer, a reference; else an exit status, having
 * complained. */
int question_ask(const Options *options, const char *operation, json_t **ret);
