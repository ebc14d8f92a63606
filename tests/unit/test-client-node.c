/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

TEST(watching) {
        aemp_slot *slot, *second;
        Heard h = {0}, late = {0};
        char **nodes;

        setup();
        check_int(aemp_node_is_up(a, "n"), ==, -ENODATA);
        check_int(aemp_node_is_up(a, "host1"), ==, 1);
        check_int(aemp_up_nodes(a, &nodes), ==, -ENODATA);
        check_int(aemp_mon_nodes(a, &slot, heard_node, &h), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        check_int(aemp_node_is_up(a, "n"), ==, 0);
        check_int(aemp_up_nodes(a, &nodes), ==, 0);
        check(!nodes[0]);
        free(nodes);

        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"node\",\"n\",1]");
        fake_say(&fake, "[\"\",\"node\",\"m\",true]");
        fake_say(&fake, "[\"\",\"node\",\"host1\",true]");
        fake_say(&fake, "[\"\",\"node\",\"o\",false]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n up []; m up []; ");
        check_int(aemp_node_is_up(a, "n"), ==, 1);
        check_int(aemp_up_nodes(a, &nodes), ==, 2);
        check(strcmp(nodes[0], "n") == 0 || strcmp(nodes[1], "n") == 0);
        check(strcmp(nodes[0], "m") == 0 || strcmp(nodes[1], "m") == 0);
        check(!nodes[2]);
        free(nodes);

        /* Who comes late learns it from us, and nothing twice. */
        check_int(aemp_mon_nodes(a, &second, heard_node, &late), ==, 0);
        check_str(heard(&late), "");
        fake_say(&fake, "[\"\",\"node\",\"n\",false,\"transport_error\",\"n\",\"gone\"]");
        fake_say(&fake, "[\"\",\"node\",\"n\",false]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n down [\"transport_error\",\"n\",\"gone\"]; ");
        check_str(heard(&late), "m up []; ");
        fake_say(&fake, "[\"\",\"node\",\"m\",false]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "m down []; ");
        check_str(heard(&late), "m down []; ");

        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        aemp_slot_unref(second);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"nodes0\"]");
        fake_say(&fake, "[\"\",\"node\",\"m\",true]");
        check_int(run(a), ==, 0);
        check_int(aemp_node_is_up(a, "m"), ==, -ENODATA);
        teardown();
}

TEST(without_callback) {
        setup();
        check_int(aemp_mon_nodes(a, NULL, NULL, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        check_int(run(a), ==, 0);
        check_int(aemp_node_is_up(a, "n"), ==, 1);
        teardown();
}

static aemp_slot *slots[3];
static int calls;

static int drops_all(aemp *x, const char *node, int up, aemp_msg *reason, void *userdata) {
        calls++;
        for (int i = 0; i < 3; i++)
                slots[i] = aemp_slot_unref(slots[i]);
        check_str(node, "n");
        return 0;
}

TEST(drops_all_in_callback) {
        setup();
        for (int i = 0; i < 3; i++)
                check_int(aemp_mon_nodes(a, &slots[i], drops_all, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        check_int(run(a), ==, 0);
        check_int(calls, ==, 1);
        check_int(aemp_node_is_up(a, "n"), ==, -ENODATA);
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_expect(&fake, "[\"\",\"nodes0\"]");

        /* The same when a late one is told. */
        check_int(aemp_mon_nodes(a, &slots[0], NULL, NULL), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        check_int(run(a), ==, 0);
        check_int(aemp_mon_nodes(a, &slots[1], drops_all, NULL), ==, 0);
        check_int(aemp_mon_nodes(a, &slots[2], drops_all, NULL), ==, 0);
        check_int(run(a), ==, 0);
        check_int(calls, ==, 2);
        teardown();
}

TEST(drops_one_of_two_in_callback) {
        Heard h = {0};

        setup();
        check_int(aemp_mon_nodes(a, &slots[0], drops_all, NULL), ==, 0);
        check_int(aemp_mon_nodes(a, NULL, heard_node, &h), ==, 0);
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        fake_say(&fake, "[\"\",\"node\",\"n\",false]");
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n up []; n down []; ");
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(ids) {
        char *node;

        setup();
        check_int(aemp_node_of("n#p#q", &node), ==, 0);
        check_str(node, "n");
        free(node);
        check_int(aemp_node_of("n", &node), ==, 0);
        check_str(node, "n");
        free(node);
        check_int(aemp_node_of("", &node), ==, -EINVAL);
        check_int(aemp_node_of("#p", &node), ==, -EINVAL);
        check_int(aemp_node_of(NULL, &node), ==, -EINVAL);
        check_int(aemp_node_of("n", NULL), ==, -EINVAL);

        check_int(aemp_port_is_local(a, "host1#x"), ==, 1);
        check_int(aemp_port_is_local(a, "host1"), ==, 1);
        check_int(aemp_port_is_local(a, ""), ==, 1);
        check_int(aemp_port_is_local(a, "host11#x"), ==, 0);
        check_int(aemp_port_is_local(a, "hos#x"), ==, 0);
        check_int(aemp_port_is_local(a, NULL), ==, -EINVAL);
        check_int(aemp_node_is_up(a, NULL), ==, -EINVAL);
        check_int(aemp_up_nodes(a, NULL), ==, -EINVAL);
        check_int(aemp_mon_nodes(NULL, NULL, NULL, NULL), ==, -EINVAL);
        teardown();
}
