/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rig-client.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test.h"

RigEnd *rig_client_of(Rig *rig, const char *program, uid_t uid, const char *keys) {
        RigEnd *end = rig_attach(rig, uid);
        char line[256];
        const char *p;

        snprintf(line, sizeof(line), "aemp-client;1;%s;;json%s\n", program, keys);
        rig_octets(end, line, strlen(line));
        p = strstr(rig_line(end), ";prefix=");
        check(p);
        snprintf(end->prefix, sizeof(end->prefix), "%.*s", (int) strcspn(p + 8, ";"), p + 8);
        return end;
}

const char *rig_ask(RigEnd *end, const char *request) {
        static char text[65536];
        char begin[100];
        const char *heard;

        rig_say(end, "[\"\",%s,\"%s#%sreply\"]", request, node_id(end->rig->node), end->prefix);
        heard = rig_heard(end);
        snprintf(begin, sizeof(begin), "[\"%sreply\",", end->prefix);
        if (strncmp(heard, begin, strlen(begin)) != 0)
                test_fail(__FILE__, __LINE__, "not an answer to %s: %s", request, heard);

        snprintf(text, sizeof(text), "%s", heard + strlen(begin));
        check(strlen(text) > 2);
        text[strlen(text) - 2] = '\0'; /* "]\n" */
        return text;
}

long rig_counter(RigEnd *root, const char *name) {
        char key[64];
        const char *p;

        snprintf(key, sizeof(key), "\"%s\":", name);
        p = strstr(rig_ask(root, "\"aempd::status\""), key);
        check(p);
        return strtol(p + strlen(key), NULL, 10);
}
