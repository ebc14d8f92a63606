/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What comes from aempd
 */

#include <stdbool.h>

#include "libclient/public.h"

/* The socket is readable: reads once, and handles all that came. Returns whether there may be more. */
bool input_run(aemp *a);
