/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Patterns of messages
 */

#include "libclient/content.h"
#include "libclient/public.h"

/* Whether the first elements are like those of a pattern, see pack_pattern(): 1, 0, -ENOMEM. */
int match(const Content *pattern, aemp_msg *msg);
