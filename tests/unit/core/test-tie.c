/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Two connections with one node. What happens between two real nodes with all kinds of delays is in
 * tests/world; here, the rules one by one.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static const char *const seeds[] = {"192.0.2.2:4040", NULL};

/* host1 has connected to a seed, which greets as `id`; our auth line is out. */
static RigEnd *out(Rig *rig, const char *id, const char *keys) {
        RigEnd *end;

        rig_resolve(rig, seeds[0], seeds[0]);
        end = rig_connected(rig);
        rig_greet(end, id, keys);
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        return end;
}

TEST(accepted_waits_for_ours) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *ours = out(rig, "host2", ""), *its = rig_accept(rig);

        rig_greet(its, "host2", "");
        rig_auth(its, RIG_SECRET);
        check_int(its->in.len, ==, 0);
        check(its->stream->out.len == 0 && !its->stream->closing);

        rig_auth(ours, RIG_SECRET);
        check(!its->stream);
        check_int(its->in.len, ==, 0); /* it never had our auth line */
        check(ours->stream);
        check(strstr(rig_events(rig), "NODE_UP host2 192.0.2.2:4040 outgoing\n"));
        rig_free(rig);
}

TEST(accepted_goes_on_when_ours_ends) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *ours = out(rig, "host2", ""), *its = rig_accept(rig), *client = rig_client(rig, "x");

        rig_greet(its, "host2", "");
        rig_auth(its, RIG_SECRET);
        rig_say(its, "[\"%sp\",\"early\"]", client->prefix);
        check_str(rig_heard(client), "");
        rig_close(ours, "Connection reset by peer");
        check(strncmp(rig_line(its), "hmac_sha3_512;", 14) == 0);
        check(strstr(rig_heard(client), "early"));
        rig_say(its, "[\"%sp\",\"late\"]", client->prefix);
        check(strstr(rig_heard(client), "late"));
        rig_free(rig);
}

static void tls(NodeConfig *config) {
        config->tls = true;
}

/* Our auth line waits for TLS, and yet is out: others go on waiting for it. */
TEST(out_before_tls_is_there) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *ours, *its;

        rig_resolve(rig, seeds[0], seeds[0]);
        ours = rig_connected(rig);
        ours->no_tls = true;
        rig_greet(ours, "host2", ";tls=1.0");
        its = rig_accept(rig);
        rig_greet(its, "host2", ";tls=1.0");
        rig_auth_as(its, "tls_sha3_512", RIG_SECRET, "cbor");
        check(its->secured && its->in.len == 0 && its->stream->out.len == 0);

        rig_close(ours, "its certificate is not trusted");
        check(strncmp(rig_line(its), "tls_sha3_512;", 13) == 0);
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

TEST(larger_aempd_does_not_wait) {
        Rig *rig = rig_new("host3", seeds);
        RigEnd *ours = out(rig, "host2", ";aempd=1"), *its = rig_accept(rig);

        rig_greet(its, "host2", ";aempd=1");
        rig_auth(its, RIG_SECRET);
        check(strncmp(rig_line(its), "hmac_sha3_512;", 14) == 0);
        check(!ours->stream);
        check(strstr(rig_events(rig), "NODE_UP host2 192.0.2.1:1002 incoming\n"));
        rig_free(rig);
}

TEST(smaller_aempd_waits) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *its;

        out(rig, "host2", ";aempd=1");
        its = rig_accept(rig);
        rig_greet(its, "host2", ";aempd=1");
        rig_auth(its, RIG_SECRET);
        check_int(its->in.len, ==, 0);
        rig_free(rig);
}

TEST(ours_waits_for_accepted) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *its, *ours;

        rig_resolve(rig, seeds[0], seeds[0]);
        its = rig_peer(rig, "host2");
        ours = rig_connected(rig);
        rig_greet(ours, "host2", "");
        check(!ours->stream);
        check_int(ours->in.len, ==, 0);
        check(its->stream);
        rig_free(rig);
}

TEST(second_while_the_first_lives) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second = rig_accept(rig), *third = rig_accept(rig);

        rig_greet(second, "host2", "");
        check_str(rig_heard(first), ""); /* who has not proved who it is can't make us ask */
        rig_auth(second, RIG_SECRET);
        check_str(rig_heard(first), "[\"\",\"snd\",\"host1\",\"\"]\n");
        check(second->stream);
        rig_greet(third, "host2", "");
        rig_auth(third, RIG_SECRET);
        check(!third->stream);

        rig_events(rig);
        rig_say(first, "[\"\",\"\"]");
        check(!second->stream);
        check_int(second->in.len, ==, 0);
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1002 duplicate: that node is already connected from "
                "192.0.2.1:1001\n");
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(first->stream);
        rig_free(rig);
}

TEST(second_while_the_first_is_dead) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second = rig_accept(rig), *client = rig_client(rig, "x");

        rig_say(client, "[\"\",\"mon1\",\"host2#p\"]");
        rig_greet(second, "host2", "");
        rig_auth(second, RIG_SECRET);
        rig_say(second, "[\"%sp\",\"new\"]", client->prefix);
        rig_sleep(rig, USEC_PER_SEC - 1);
        check(first->stream);
        check_str(rig_heard(client), "");
        rig_sleep(rig, 1);
        check(!first->stream);
        check(strncmp(rig_line(second), "hmac_sha3_512;", 14) == 0);
        check(strstr(rig_heard(client), "switched connections"));
        check_str(rig_heard(second), "");
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

TEST(second_when_the_first_ends_meanwhile) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second = rig_accept(rig);

        rig_greet(second, "host2", "");
        rig_auth(second, RIG_SECRET);
        rig_close(first, "Connection reset by peer");
        check(strncmp(rig_line(second), "hmac_sha3_512;", 14) == 0);
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(second->stream);
        rig_free(rig);
}

/* The probe of an earlier one must not end the later one. */
TEST(held_one_gives_up) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second = rig_accept(rig);

        rig_greet(second, "host2", "");
        rig_auth(second, RIG_SECRET);
        rig_close(second, "x");
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(first->stream);
        rig_free(rig);
}

/* --- another address of the same node, or another node ------------------------------------------------- */

static void check_second(const char *first_keys, const char *second_keys, const char *line) {
        static const char *const two[] = {"192.0.2.2:4040", "192.0.2.3:4040", NULL};
        Rig *rig = rig_new("host1", two);
        RigEnd *first, *second;

        rig_resolve(rig, two[0], two[0]);
        rig_resolve(rig, two[1], two[1]);
        first = rig_connected(rig);
        second = rig_connected(rig);
        rig_greet(first, "host2", first_keys);
        rig_auth(first, RIG_SECRET);
        rig_events(rig);
        rig_greet(second, "host2", second_keys);
        check(first->stream && !second->stream);
        check_int(second->in.len, ==, 0);
        check_str(rig_events(rig), line);
        rig_free(rig);
}

static const char two_lines[] =
        "CONN_REFUSED host2 192.0.2.3:4040 duplicate: that node is already connected from 192.0.2.2:4040\n";

TEST(the_same_start) {
        check_second(";aempd=1;aempd_start=abcdefgh", ";aempd=1;aempd_start=abcdefgh", "");
}

TEST(another_start) {
        check_second(";aempd=1;aempd_start=abcdefgh", ";aempd=1;aempd_start=abcdefgi", two_lines);
}

TEST(no_start) {
        check_second("", "", "");
        check_second(";aempd_start=abcdefgh", "", "");
        check_second("", ";aempd_start=abcdefgh", "");
        check_second(";aempd_start=short", ";aempd_start=shirt", "");
        check_second(";aempd_start=much-too-long", ";aempd_start=much-too-lonh", "");
}

/* Both were in their handshakes when one of them was through. */
TEST(another_start_at_once) {
        static const char *const two[] = {"192.0.2.2:4040", "192.0.2.3:4040", NULL};
        Rig *rig = rig_new("host1", two);
        RigEnd *first, *second, *stranger = rig_accept(rig);

        rig_resolve(rig, two[0], two[0]);
        rig_resolve(rig, two[1], two[1]);
        first = rig_connected(rig);
        second = rig_connected(rig);
        rig_greet(first, "host2", ";aempd_start=abcdefgh");
        rig_greet(second, "host2", ";aempd_start=abcdefgi");
        rig_greet(stranger, "host2", ";aempd_start=abcdefgj");
        rig_auth(first, RIG_SECRET);
        check(first->stream && !second->stream && !stranger->stream);
        check_str(rig_events(rig), expect("NODE_UP host2 192.0.2.2:4040 outgoing\n%s", two_lines));
        rig_free(rig);
}

/* It connects twice, and drops the second itself: nothing to warn of, nor its fault; but everybody can say
 * so. */
static void check_excused(const char *address) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *first = rig_accept_from(rig, "192.0.2.2:1"), *end;
        unsigned n = 0;

        rig_greet(first, "host2", ";aempd_start=abcdefgh");
        rig_auth(first, RIG_SECRET);
        rig_events(rig);
        for (; n < 100 && (end = rig_accept_from(rig, address)); n++) {
                end->no_tls = true;
                rig_greet(end, "host2", ";tls=1.0;aempd_start=abcdefgh");
                rig_close(end, "Unexpected end-of-file");
                if (n < 16)
                        check_str(rig_events(rig), "");
        }
        check_int(n, ==, 16 + 4);
        rig_free(rig);
}

TEST(excused) {
        check_excused("[2001:db8::2]:1");
        check_excused("192.0.2.2:2");
}

/* As long as our auth line is out on another one, whoever has proved who it is may wait; it is then nobody's
 * fault when it ends. */
TEST(verified_waits_longer) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *its = rig_accept(rig), *ours;

        rig_sleep(rig, 3 * USEC_PER_SEC);
        ours = out(rig, "host2", "");
        rig_greet(its, "host2", "");
        rig_auth(its, RIG_SECRET);
        rig_sleep(rig, 4 * USEC_PER_SEC);
        check(its->stream && ours->stream);
        rig_sleep(rig, 2 * USEC_PER_SEC);
        check(its->stream && !ours->stream);
        check(strncmp(rig_line(its), "hmac_sha3_512;", 14) == 0);
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

/* A dial in vain is no failure while the other end is about to be through. */
TEST(dial_waits_for_a_handshake) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *ours = out(rig, "hub", ""), *client = rig_client(rig, "x"), *its;

        rig_auth(ours, RIG_SECRET);
        rig_say(client, "[\"\",\"mon1\",\"host2#p\"]");
        its = rig_accept(rig);
        rig_greet(its, "host2", "");
        rig_say(ours, "[\"\",\"g_found\",\"host2\",null]");
        check_str(rig_heard(client), "");
        rig_auth(its, RIG_SECRET);
        rig_line(its);
        check_str(rig_heard(its), "[\"\",\"mon1\",\"p\"]\n");
        rig_free(rig);
}

/* But claims of strangers can't keep a monitor from firing. */
TEST(dial_does_not_wait_for_ever) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *ours = out(rig, "hub", ""), *client = rig_client(rig, "x");

        rig_auth(ours, RIG_SECRET);
        rig_say(client, "[\"\",\"mon1\",\"host2#p\"]");
        rig_greet(rig_accept(rig), "host2", "");
        rig_say(ours, "[\"\",\"g_found\",\"host2\",null]");
        for (unsigned i = 0; i < 6; i++) {
                rig_greet(rig_accept(rig), "host2", "");
                rig_sleep(rig, USEC_PER_SEC);
        }
        check(strstr(rig_heard(client), "no known address"));
        rig_free(rig);
}
