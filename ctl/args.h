/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Arguments: ports and messages
 */

#include <stdbool.h>

typedef struct json_t json_t;

/* What PORT says. The ID as it was given, which is borrowed, and its node. */
typedef struct Target {
        const char *id;
        char *node;
        bool is_node; /* the node port */
} Target;

/* -EINVAL: it is no ID, and said so. "" is the own node. */
int target_parse(Target *ret, const char *arg);
void target_deinit(Target *target);

/* The elements of a message: as AEMP's own tool has it, what starts with '[', '{' or '"' is JSON, all else a
 * string; a first one that starts with '[' is the whole message. -EINVAL: wrong, and said so. */
int message_parse(json_t **ret, char **args);

#define _cleanup_target_ __attribute__((cleanup(target_deinit)))
