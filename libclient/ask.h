/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Requests to a node
 *
 * Ours or another's: what its node port does for anybody.
 */

#include <stddef.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/str.h"

/* What a call says before it has arguments: the node is an ID or "", and something can be sent there. */
int ask_check(aemp *a, const char *node);
/* Sends strings, then the rest. */
int ask(aemp *a, const char *node, const Str strings[], size_t n, const Content *rest);
