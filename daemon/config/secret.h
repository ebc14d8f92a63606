/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files with a secret
 */

#include <stdbool.h>
#include <stddef.h>

#define SECRET_MAX 4096

/* All of the file but the line end at its end; terminated, too. -EPERM: everybody may read it, and must not
 * (`open`: may); -ENODATA: nothing in it; -EFBIG: more than SECRET_MAX octets; or as file_read(). */
int secret_read(const char *path, bool open, char **ret, size_t *ret_len);
/* Leaves no trace in memory. */
void secret_free(char *secret, size_t len);
