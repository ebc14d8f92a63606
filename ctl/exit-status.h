/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Exit statuses
 *
 * A promise, in aempctl(1). 0 and 1 are EXIT_SUCCESS and EXIT_FAILURE.
 */

#include <stdlib.h>

enum {
        EXIT_USAGE = 2,
        EXIT_NO_DAEMON = 3,
        EXIT_NO_SUCH = 4, /* port, node that can be reached, function */
        EXIT_DENIED = 5,
        EXIT_TIMEOUT = 6,
};
