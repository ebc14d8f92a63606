/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where TLS begins and what may come before and in it. TLS itself is the edge's: here it changes nothing but
 * the moment.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

#define LISTS "tls_sha3_512,hmac_sha3_512;cbor,json"

static const char *const seeds[] = {"192.0.2.2:4040", NULL};
static const char *const every[] = {"tls_anon", "tls_sha3_512", "hmac_sha3_512", "cleartext", NULL};

static void tls(NodeConfig *config) {
        config->tls = true;
}

static void tls_every(NodeConfig *config) {
        config->tls = true;
        config->auth_accept = config->auth_offer = every;
}

static void tls_only(NodeConfig *config) {
        config->tls = true;
        config->n_secrets = 0;
}

static RigEnd *outgoing(Rig *rig) {
        rig_resolve(rig, seeds[0], seeds[0]);
        return rig_connected(rig);
}

TEST(offered) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;tls_sha3_512,hmac_sha3_512;cbor,json;", 50) == 0);
        check(strstr(end->node_greeting, ";tls=1.0"));
        rig_free(rig);
}

TEST(both_sides) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);
        char expected[300];

        rig_greet(end, "host2", ";tls=1.0");
        check(end->secured);
        rig_auth_as(end, "tls_sha3_512", RIG_SECRET, "cbor");
        snprintf(expected, sizeof(expected), "tls_sha3_512;%s;cbor",
                rig_node_token(end, "tls_sha3_512", RIG_SECRET));
        check_str(rig_line(end), expected);
        check_str(rig_events(rig), "NODE_UP host2 192.0.2.1:1001 incoming\n");
        rig_free(rig);
}

/* One does not want it: the secret has to do, and methods that need it mean nothing. */
TEST(one_side) {
        static const char *const keys[] = {"", ";tls=2.0", ";tls", ";tls=", ";xtls=1.0"};

        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
                Rig *rig = rig_new_with("host1", NULL, tls);
                RigEnd *end = rig_accept(rig), *bad = rig_accept(rig);

                rig_greet(end, "host2", keys[i]);
                check_int(end->stream->tls, ==, STREAM_TLS_NONE);
                rig_auth(end, RIG_SECRET);
                check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
                rig_events(rig);

                rig_greet(bad, "host3", keys[i]);
                rig_auth_as(bad, "tls_sha3_512", RIG_SECRET, "cbor");
                check(!bad->stream);
                check_str(rig_events(rig),
                        "CONN_REFUSED host3 192.0.2.1:1002 it uses an authentication method that means "
                        "nothing "
                        "without TLS\n");
                rig_free(rig);
        }
}

TEST(the_other_side_only) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        rig_greet(end, "host2", ";tls=1.0");
        check_int(end->stream->tls, ==, STREAM_TLS_NONE);
        rig_auth(end, RIG_SECRET);
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

TEST(roles) {
        static const struct {
                const char *nonce;
                StreamTls role; /* the node's */
        } cases[] = {
                {"", STREAM_TLS_SERVER}, {"!", STREAM_TLS_SERVER}, /* smaller than letters and digits */
                {"~", STREAM_TLS_CLIENT},
                {"\xff", STREAM_TLS_CLIENT}, /* as octets, not as signed characters */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                Rig *rig = rig_new_with("host1", NULL, tls);
                RigEnd *end = rig_accept(rig);

                rig_greet_as(end, "host2", LISTS, ";tls=1.1", cases[i].nonce);
                check_int(end->stream->tls, ==, cases[i].role);
                rig_auth_as(end, "tls_sha3_512", RIG_SECRET, "cbor");
                check_int(node_peers_up(rig->node), ==, 1);
                rig_free(rig);
        }
}

/* A nonce that begins as ours does: the shorter one is smaller. */
TEST(role_by_length) {
        for (int i = -1; i <= 1; i++) {
                Rig *rig = rig_new_with("host1", NULL, tls);
                RigEnd *end = rig_accept(rig);
                char nonce[128];

                snprintf(nonce, sizeof(nonce), "%.*s%s", 88 + (i < 0 ? -1 : 0), end->node_nonce,
                        i > 0 ? "A" : "");
                rig_greet_as(end, "host2", LISTS, ";tls=1.0", nonce);
                if (i == 0) {
                        check(!end->stream);
                        check_str(rig_events(rig),
                                "CONN_REFUSED host2 192.0.2.1:1001 its nonce is the same as ours, so "
                                "neither "
                                "side can begin TLS\n");
                } else {
                        check_int(end->stream->tls, ==, i < 0 ? STREAM_TLS_SERVER : STREAM_TLS_CLIENT);
                }
                rig_free(rig);
        }
}

/* Our two lines go out as they are, also when they were not written before TLS began; our auth line never
 * does. */
TEST(what_is_plain) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *end = outgoing(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        check_int(end->stream->plain, ==, 0);
        check_int(end->stream->out.len, >, 128); /* the auth line waits */
        check_int(end->in.len, ==, 0);
        rig_secure(end);
        check(strncmp(rig_line(end), "tls_sha3_512;", 13) == 0);
        rig_auth_as(end, "tls_sha3_512", RIG_SECRET, "cbor");
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

TEST(what_is_plain_and_still_there) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *end;
        size_t lines;

        rig_resolve(rig, seeds[0], seeds[0]);
        end = rig->connects[0];
        rig->n_connects = 0;
        end->slow = end->no_tls = true;
        stream_connected(end->stream, end->address);
        rig_turn(rig);
        lines = end->stream->out.len;
        check_int(lines, >, 100);

        rig_greet(end, "host2", ";tls=1.0");
        check_int(end->stream->plain, ==, lines);
        check_int(end->stream->out.len, >, lines);
        end->slow = false;
        node_set_time(rig->node, rig->now, 1);
        rig_octets(end, "", 0);
        rig_secure(end);
        check(strncmp(rig_line(end), "aemp;1;host1;", 13) == 0);
        check_int(strlen(rig_line(end)), ==, 88);
        check(strncmp(rig_line(end), "tls_sha3_512;", 13) == 0);
        check_int(end->stream->plain, ==, 0);
        rig_free(rig);
}

/* All that follows the nonce is records, wherever the segments are cut. */
TEST(records_behind_the_nonce) {
        for (int slowly = 0; slowly < 2; slowly++) {
                Rig *rig = rig_new_with("host1", NULL, tls);
                RigEnd *client = rig_client(rig, "x"), *end = rig_accept(rig);

                end->held = true;
                rig_greet(end, "host2", ";tls=1.0");
                rig_auth_as(end, "tls_sha3_512", RIG_SECRET, "cbor");
                rig_say(end, "[\"%sp\",1]", client->prefix);
                end->no_tls = !slowly;
                end->slowly = slowly;
                rig_release(end);
                if (!slowly) {
                        check_int(node_peers_up(rig->node), ==, 0);
                        check_int(end->records.len, ==, end->out.len + 13 + 128 + 6 + 17);
                        rig_secure(end);
                }
                check(strncmp(rig_line(end), "tls_sha3_512;", 13) == 0);
                check(strstr(rig_heard(client), ",1]"));
                rig_free(rig);
        }
}

/* --- methods ----------------------------------------------------------------------------------------- */

/* What it says in TLS: its last line, or what was logged. */
static const char *answer(void (*change)(NodeConfig *config), const char *lists, const char *line) {
        static char text[512];
        Rig *rig = rig_new_with("host1", NULL, change);
        RigEnd *end = rig_accept(rig);

        rig_greet_as(end, "host2", lists, ";tls=1.0", "n");
        if (end->stream)
                rig_octets(end, line, strlen(line));
        check_int(!!end->stream, ==, node_peers_up(rig->node));
        snprintf(text, sizeof(text), "%s", end->stream ? rig_line(end) : rig_events(rig));
        rig_free(rig);
        return text;
}

TEST(each_method) {
        check_str(answer(tls_every, "tls_anon;cbor", "tls_anon;;cbor\n"), "tls_anon;;cbor");
        check_str(answer(tls_every, "cleartext;cbor", "tls_anon;;cbor\n"), "cleartext;67656865696d;cbor");
        check(strncmp(answer(tls_every, "tls_sha3_512;cbor", "tls_anon;;cbor\n"), "tls_sha3_512;", 13) == 0);
        check(strncmp(answer(tls_every, "x,hmac_sha3_512;cbor", "cleartext;67656865696d;cbor\n"),
                      "hmac_sha3_512;", 14) == 0);
        check_str(answer(tls, "tls_anon;cbor", ""),
                "CONN_REFUSED host2 192.0.2.1:1001 no authentication method in common: it accepts tls_anon; "
                "here it is tls_sha3_512,hmac_sha3_512\n");
}

TEST(each_method_wrong) {
        static const char
                zeros[] = "tls_sha3_512;"
                          "0000000000000000000000000000000000000000000000000000000000000000"
                          "0000000000000000000000000000000000000000000000000000000000000000;cbor\n",
                wrong[] = "CONN_REFUSED host2 192.0.2.1:1001 authentication failed: its token is wrong\n";

        check_str(answer(tls_every, "tls_anon;cbor", "tls_anon;x;cbor\n"), wrong);
        check_str(answer(tls_every, "tls_anon;cbor", zeros), wrong);
        check_str(answer(tls_every, "tls_anon;cbor", "tls_sha3_512;;cbor\n"), wrong);
        check(strstr(answer(tls, "tls_sha3_512;cbor", "tls_anon;;cbor\n"), "was not offered"));
        check(strstr(answer(tls, "tls_sha3_512;cbor", "cleartext;67656865696d;cbor\n"), "was not offered"));
}

/* With a certificate and no secret, there is nothing without TLS. */
TEST(without_a_secret) {
        Rig *rig = rig_new_with("host1", NULL, tls_only);
        RigEnd *end = rig_accept(rig), *plain = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;tls_sha3_512;cbor,json;", 36) == 0);
        rig_greet(end, "host2", ";tls=1.0");
        rig_auth_as(end, "tls_sha3_512", "x", "cbor");
        check_int(node_peers_up(rig->node), ==, 1);
        rig_events(rig);
        rig_greet(plain, "host3", "");
        check(!plain->stream);
        check_str(rig_events(rig),
                "CONN_REFUSED host3 192.0.2.1:1002 it does not offer TLS, without which nothing that it "
                "could "
                "send is accepted here\n");
        rig_free(rig);
}

/* --- how it fails ------------------------------------------------------------------------------------ */

TEST(certificate_not_trusted) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        rig_close(end, "its certificate is not trusted");
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1001 TLS did not come about (its certificate is not "
                "trusted)\n");
        rig_free(rig);
}

TEST(certificate_of_a_seed_not_trusted) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *end = outgoing(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        rig_close(end, "its certificate is not trusted");
        check_str(rig_events(rig),
                "SEED_FAILED host2 192.0.2.2:4040 TLS did not come about (its certificate is not "
                "trusted)\n");
        rig_free(rig);
}

/* An edge that forgets TLS gets nowhere. */
TEST(input_without_tls) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        check_int(stream_input(end->stream, (const uint8_t *) "tls_anon;;cbor\n", 15), ==, 15);
        rig_turn(rig);
        check(!end->stream);
        check_str(rig_events(rig), "PROTOCOL_ERROR host2 192.0.2.1:1001 octets outside of TLS\n");
        rig_free(rig);
}

TEST(takes_too_long) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        RigEnd *end = rig_accept(rig);

        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check(!end->stream);
        check_str(rig_events(rig), "CONN_REFUSED host2 192.0.2.1:1001 its handshake took too long\n");
        rig_free(rig);
}

/* Refused while TLS was being made: what comes of it later counts no more. */
TEST(refused_before_it_was_there) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *its = rig_accept(rig), *ours;

        rig_resolve(rig, seeds[0], seeds[0]);
        rig_greet(its, "host2", ";tls=1.0");
        rig_auth_as(its, "tls_sha3_512", RIG_SECRET, "cbor");
        check_int(node_peers_up(rig->node), ==, 1);

        ours = rig_connected(rig);
        ours->no_tls = true;
        rig_greet(ours, "host2", ";tls=1.0");
        check(!ours->stream);
        check_int(ours->in.len, ==, 0);
        rig_free(rig);
}
