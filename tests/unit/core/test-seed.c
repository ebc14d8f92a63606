/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static const char *const one[] = {"hub.example:4040", NULL};
static const char *const two[] = {"192.0.2.2:1", "192.0.2.2:2", NULL};

TEST(retries_for_ever) {
        Rig *rig = rig_new("host1", one);
        uint64_t last = rig->now, gap = 0, n = 0;

        rig_resolve(rig, one[0], NULL);
        check(strstr(rig_events(rig), "SEED_FAILED - hub.example:4040 no such name"));
        while (rig->now < 600 * USEC_PER_SEC) {
                rig_sleep(rig, 100 * USEC_PER_MSEC);
                if (rig->n_lookups == 0)
                        continue;

                gap = rig->now - last;
                last = rig->now;
                if (n++ == 0) {
                        check_int(gap, >=, 1200 * USEC_PER_MSEC);
                        check_int(gap, <=, 2500 * USEC_PER_MSEC);
                }
                check_int(gap, <=, 30100 * USEC_PER_MSEC);
                rig_resolve(rig, one[0], NULL);
        }
        check_int(gap, >=, 15 * USEC_PER_SEC);
        check_int(n, >, 20);
        rig_free(rig);
}

TEST(each_address_is_one) {
        static const char *const addresses[] = {"192.0.2.2:4040", "[2001:db8::2]:4040"};
        Rig *rig = rig_new("host1", one);

        node_resolved(rig->node, rig->lookups[0].id, addresses, 2, NULL);
        rig_turn(rig);
        check_int(rig->n_connects, ==, 2);
        check_str(rig->connects[1]->address, addresses[1]);
        rig_free(rig);
}

/* What the node wrote on the one goes to the other. */
static void pass_on(RigEnd *to, const RigEnd *from) {
        char lines[8300];

        snprintf(lines, sizeof(lines), "%s\n%s\n", from->node_greeting, from->node_nonce);
        rig_octets(to, lines, strlen(lines));
}

/* The node connects to itself; which of the two ends reads first does not matter. */
static void meet_myself(bool incoming_first) {
        Rig *rig = rig_new("host1", two);
        RigEnd *out, *in, *end;

        rig_resolve(rig, two[0], two[0]);
        out = rig_connected(rig);
        in = rig_accept(rig);
        if (incoming_first) {
                pass_on(in, out);
                check(!in->stream && out->stream);
                pass_on(out, in);
        } else {
                pass_on(out, in);
                check(!out->stream && in->stream);
                pass_on(in, out);
        }
        check(!in->stream && !out->stream);
        check_str(rig_events(rig), "SEED_SELF host1 192.0.2.2:1 this seed is this node itself\n");
        rig_resolve(rig, two[1], two[1]);
        end = rig_connected(rig);
        rig_greet(end, "host2", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        /* all are connected: nothing more is tried */
        rig_sleep(rig, 100 * USEC_PER_SEC);
        check_int(rig->n_lookups, ==, 0);
        check_int(rig->n_connects, ==, 0);
        rig_free(rig);
}

TEST(myself) {
        meet_myself(/* incoming_first= */ true);
}

TEST(myself_the_other_way_round) {
        meet_myself(/* incoming_first= */ false);
}

/* Somebody else there has our node ID, by mistake: that may be mended, so it is tried again. */
TEST(namesake) {
        Rig *rig = rig_new("host1", one);
        RigEnd *end, *in;

        for (unsigned i = 0; i < 3; i++) {
                in = rig_accept(rig); /* its greeting is the same, but not its nonce */
                rig_resolve(rig, one[0], two[0]);
                end = rig_connected(rig);
                rig_greet_as(end, "host1", in->node_greeting + strlen("aemp;1;host1;"), "", "n");
                check_str(end->greeting, in->node_greeting);
                check(!end->stream);
                check(strstr(rig_events(rig),
                        "SEED_FAILED - 192.0.2.2:1 it has my own node ID, but is not myself: each node "
                        "needs an ID of its own\n"));
                check_int(rig->n_lookups, ==, 0);
                for (unsigned s = 0; s < 30 && rig->n_lookups == 0; s++)
                        rig_sleep(rig, USEC_PER_SEC);
        }
        rig_resolve(rig, one[0], two[0]);
        end = rig_connected(rig);
        rig_greet(end, "host2", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

TEST(lost_and_tried_at_once) {
        Rig *rig = rig_new("host1", one);
        RigEnd *end;

        rig_resolve(rig, one[0], two[0]);
        end = rig_connected(rig);
        rig_greet(end, "host2", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        rig_sleep(rig, 60 * USEC_PER_SEC);
        check_int(rig->n_lookups, ==, 0);
        rig_close(end, "x");
        check_int(rig->n_lookups, ==, 1);
        /* the name may have another address now */
        rig_resolve(rig, one[0], two[1]);
        check_str(rig->connects[0]->address, two[1]);
        rig_free(rig);
}

TEST(no_spinning) {
        Rig *rig = rig_new("host1", one);
        unsigned n = 0;

        for (uint64_t end = rig->now + 12 * USEC_PER_SEC; rig->now < end;
                rig_sleep(rig, 10 * USEC_PER_MSEC)) {
                RigEnd *conn;

                if (rig->n_lookups == 0)
                        continue;

                rig_resolve(rig, one[0], two[0]);
                conn = rig_connected(rig);
                rig_greet(conn, "host2", "");
                rig_line(conn);
                rig_auth(conn, RIG_SECRET);
                rig_close(conn, "x");
                n++;
        }
        check_int(n, <=, 11);
        check_int(n, >=, 3);
        rig_free(rig);
}

TEST(another_master) {
        Rig *rig = rig_new("host1", two);
        RigEnd *first, *second;

        rig_resolve(rig, two[0], two[0]);
        rig_resolve(rig, two[1], two[1]);
        first = rig_connected(rig);
        rig_greet(first, "hub1", "");
        rig_line(first);
        rig_auth(first, RIG_SECRET);
        second = rig_connected(rig);
        rig_greet(second, "hub2", "");
        rig_line(second);
        rig_auth(second, RIG_SECRET);
        check_str(rig_heard(first), "[\"\",\"g_slave\",{\"'l\":{\"host1\":[]}}]\n");
        check_str(rig_heard(second), "");
        rig_close(first, "x");
        check_str(rig_heard(second), "[\"\",\"g_slave\",{\"'l\":{\"host1\":[]}}]\n");
        rig_free(rig);
}

/* It came to us before we knew that it is a seed. */
TEST(seed_that_came_first) {
        Rig *rig = rig_new("host1", one);
        RigEnd *its = rig_peer(rig, "hub"), *ours;

        check_str(rig_heard(its), "");
        rig_resolve(rig, one[0], two[0]);
        ours = rig_connected(rig);
        rig_greet(ours, "hub", "");
        check(!ours->stream);
        check_str(rig_heard(its), "[\"\",\"g_slave\",{\"'l\":{\"host1\":[]}}]\n");
        rig_sleep(rig, 60 * USEC_PER_SEC);
        check_int(rig->n_connects, ==, 0);
        rig_free(rig);
}
