/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Deaths that were not wanted
 */

#include "ctl/death.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exit-status.h"
#include "ctl/human.h"

static const char *reason_string(const json_t *reason, size_t i) {
        return json_string_value(json_array_get(reason, i)) ?: "";
}

char *death_text(const char *id, const json_t *reason) {
        const char *why = reason_string(reason, 0);
        char *text, *ret;
        int r;

        if (strcmp(why, "no_such_port") == 0)
                return asprintf(&ret, "no such port: %s", id) < 0 ? NULL : ret;
        if (strcmp(why, "transport_error") == 0)
                return asprintf(&ret, "node %s can't be reached: %s", reason_string(reason, 1),
                               reason_string(reason, 2)) < 0
                        ? NULL
                        : ret;

        text = human_reason(reason);
        if (!text)
                return NULL;
        r = asprintf(&ret, "%s died: %s", id, text);
        free(text);
        return r < 0 ? NULL : ret;
}

int death_status(const json_t *reason) {
        const char *why = reason_string(reason, 0);

        return strcmp(why, "no_such_port") == 0 || strcmp(why, "transport_error") == 0 ? EXIT_NO_SUCH
                                                                                       : EXIT_FAILURE;
}

int spawn_death_status(const json_t *reason) {
        return strcmp(reason_string(reason, 0), "die") == 0 ? EXIT_NO_SUCH : death_status(reason);
}
