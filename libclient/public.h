/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The public header, for those who implement it
 *
 * Everything is hidden unless it is declared there.
 */

#pragma GCC visibility push(default)
#include "libclient/aemp-client.h" // IWYU pragma: export
#pragma GCC visibility pop
