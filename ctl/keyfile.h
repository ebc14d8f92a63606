/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * New files with keys in them
 */

#include <stddef.h>

/* Mode 0600, and nothing is overwritten: -EEXIST. When it fails no file was made. */
int keyfile_write(const char *path, const char *octets, size_t n);
