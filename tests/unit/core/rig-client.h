/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Clients of other users
 */

#include "rig.h"

/* As rig_client(), of that uid; `keys` starts with ';' or is empty. */
RigEnd *rig_client_of(Rig *rig, const char *program, uid_t uid, const char *keys);
/* The answer to a request with one reply: [..., result]. The result as JSON; valid until the next call. */
const char *rig_ask(RigEnd *end, const char *request);
/* A value of aempd::status, of a's node: counters too. */
long rig_counter(RigEnd *root, const char *name);
