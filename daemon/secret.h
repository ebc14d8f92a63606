/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files with a secret
 */

#include <stddef.h>

#define SECRET_MAX 4096

/* All of the file but the line end at its end; terminated, too. -EPERM: everybody may read it; -ENODATA:
 * nothing in it; -EFBIG: more than SECRET_MAX octets; any errno of reading a file. */
int secret_read(const char *path, char **ret, size_t *ret_len);
/* Leaves no trace in memory. */
void secret_free(char *secret, size_t len);
