/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading a whole file
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct FileOctets {
        char *p; /* with a NUL behind it */
        size_t n;
        bool is_public; /* everybody may read the file */
} FileOctets;

#define FILE_OCTETS_NONE ((FileOctets){0})

/* At most max octets. -EFBIG: there are more; -EBADF: not a regular file; -ENOMEM; any errno of opening and
 * reading. */
int file_read(FileOctets *ret, const char *path, size_t max);
/* Leaves no trace in memory. */
void file_octets_free(FileOctets *octets);

#define FILE_ERROR_MAX 128

/* For people: "not a regular file", "Permission denied for user aempd", or strerror(). */
const char *file_error(int r, char text[FILE_ERROR_MAX]);

static inline void file_octets_freep(FileOctets *octets) {
        file_octets_free(octets);
}
#define _cleanup_octets_ __attribute__((cleanup(file_octets_freep)))
