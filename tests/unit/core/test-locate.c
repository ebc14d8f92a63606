/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every g_find has an answer.
 */

#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

TEST(found) {
        static const char *const binds[] = {"192.0.2.9:4040", "[2001:db8::9]:4040", NULL};
        Rig *rig = rig_new("host1", NULL);
        RigEnd *peer = rig_peer(rig, "host2"), *other = rig_peer(rig, "host3");

        check_int(node_set_binds(rig->node, binds, 2), ==, 0);
        rig_say(peer, "[\"\",\"g_find\",\"host1\"]");
        check_str(rig_heard(peer),
                "[\"\",\"g_found\",\"host1\",[\"192.0.2.9:4040\",\"[2001:db8::9]:4040\"]]\n");
        rig_say(peer, "[\"\",\"g_find\",\"host3\"]");
        check_str(rig_heard(peer), "[\"\",\"g_found\",\"host3\",null]\n");
        rig_say(other, "[\"\",\"g_slave\",{\"'l\":{\"host3\":[\"192.0.2.3:1\"]}}]");
        rig_say(peer, "[\"\",\"g_find\",\"host3\"]");
        check_str(rig_heard(peer), "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]\n");
        rig_free(rig);
}

TEST(asked_for_nothing) {
        static const struct {
                const char *ask, *answer;
        } cases[] = {
                {"\"g_find\",\"nosuch\"", "\"nosuch\",null"},
                {"\"g_find\",\"no id\"", "\"no id\",null"},
                {"\"g_find\",7", "\"7\",null"},
                {"\"g_find\",null", "null,null"},
                {"\"g_find\",[\"host1\"]", "null,null"},
                {"\"g_find\",{}", "null,null"},
                {"\"g_find\"", "null,null"},
        };
        Rig *rig = rig_new("host1", NULL);
        RigEnd *peer = rig_peer(rig, "host2");

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                rig_say(peer, "[\"\",%s]", cases[i].ask);
                check_str(rig_heard(peer), expect("[\"\",\"g_found\",%s]\n", cases[i].answer));
        }
        rig_free(rig);
}
