/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Arguments: ports and messages
 */

#include "ctl/args.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <aemp-client.h>

#include "ctl/complain.h"

int target_parse(Target *ret, const char *arg) {
        Target target = {.id = arg};
        const char *name = strchr(arg, '#');
        int r;

        r = *arg ? aemp_node_of(arg, &target.node) : 0;
        if (r == -EINVAL)
                complain("'%s' is neither a port ID (node#port) nor a node ID", arg);
        else if (r < 0)
                complain("%s", strerror(-r));
        if (r < 0)
                return r;

        if (!target.node)
                target.node = strdup("");
        if (!target.node)
                return -ENOMEM;

        target.is_node = !name || !name[1];
        *ret = target;
        return 0;
}

void target_deinit(Target *target) {
        free(target->node);
}

static json_t *element_parse(const char *arg) {
        json_t *value;
        json_error_t error;

        if (!strchr("[{\"", *arg) || !*arg) {
                value = json_string(arg);
                if (!value)
                        complain("'%s' is not UTF-8", arg);
                return value;
        }

        value = json_loads(arg, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
        if (!value)
                complain("'%s' is not JSON: %s, at character %d", arg, error.text, error.column);
        return value;
}

static json_t *elements_parse(char **args) {
        json_t *array = json_array();

        for (; array && *args; args++) {
                json_t *element = element_parse(*args);

                if (!element || json_array_append_new(array, element) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }

        return array;
}

int message_parse(json_t **ret, char **args) {
        json_t *array;

        if (*args && **args == '[') {
                if (args[1]) {
                        complain("a first argument that starts with '[' is the whole message: '%s' is too "
                                 "many",
                                args[1]);
                        return -EINVAL;
                }
                array = element_parse(*args);
        } else {
                array = elements_parse(args);
        }

        if (!array)
                return -EINVAL;

        *ret = array;
        return 0;
}
