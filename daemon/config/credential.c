/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where files that the configuration names are
 */

#include "daemon/config/credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int config_path(char **ret, const Place *place, const char *name) {
        const char *base = place->file ? place->file->path : "", *slash = strrchr(base, '/');

        if (name[0] == '/' || !slash) {
                *ret = strdup(name);
                return *ret ? 0 : -ENOMEM;
        }

        return asprintf(ret, "%.*s/%s", (int) (slash - base), base, name) < 0 ? -ENOMEM : 0;
}

int config_credential(char **ret, const char *name) {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        char *path;

        *ret = NULL;
        if (!folder || folder[0] != '/')
                return 0;

        if (asprintf(&path, "%s/%s", folder, name) < 0)
                return -ENOMEM;

        if (access(path, F_OK) < 0 && errno == ENOENT)
                free(path);
        else
                *ret = path;

        return 0;
}
