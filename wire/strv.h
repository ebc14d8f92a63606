/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Strings in an array, with NULL behind them
 *
 * They and the array are allocated.
 */

#include <stdlib.h>

static inline char **strv_free(char **strv) {
        for (size_t i = 0; strv && strv[i]; i++)
                free(strv[i]);
        free(strv);
        return NULL;
}
