/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Until the other side has proved who it is: every wrong line ends in one log line, and in nothing else.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

TEST(greeting) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;hmac_sha3_512;cbor;", 32) == 0);
        check(strstr(end->node_greeting, ";mproto=1;"));
        check(strstr(end->node_greeting, ";aempd=1;"));
        check(strstr(end->node_greeting, ";peeraddr=192.0.2.1:1001"));
        /* the database does not exist yet */
        check(!strstr(end->node_greeting, "gproto"));
        check_int(strlen(end->node_nonce), ==, 88);
        rig_free(rig);
}

TEST(accepted) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        rig_greet(end, "host2", ";provider=AE-2.01;mproto=1;gproto=1;peeraddr=1.2.3.4:5;unknown=%3b");
        check_int(end->in.len, ==, 0); /* who accepted waits */
        rig_auth(end, RIG_SECRET);
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        check_str(rig_events(rig), "NODE_UP host2 192.0.2.1:1001 incoming\n");
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

/* Everything in as many segments as it has octets. */
TEST(octet_by_octet) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *client = rig_client(rig, "x"), *end = rig_accept(rig);

        end->slowly = true;
        rig_greet(end, "host2", "");
        rig_auth(end, RIG_SECRET);
        rig_line(end);
        rig_say(end, "[\"%sp\",1]", client->prefix);
        check(strstr(rig_heard(client), ",1]"));
        rig_free(rig);
}

/* And everything in one. */
TEST(one_segment) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *client = rig_client(rig, "x"), *end = rig_accept(rig);

        end->held = true;
        rig_greet(end, "host2", "");
        rig_auth(end, RIG_SECRET);
        rig_say(end, "[\"%sp\",1]", client->prefix);
        rig_release(end);
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        check(strstr(rig_heard(client), ",1]"));
        rig_free(rig);
}

static void refuse(const char *lines, const char *event) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);
        char expected[512];

        rig_octets(end, lines, strlen(lines));
        check(!end->stream);
        check_int(end->in.len, ==, 0); /* its two lines were sent, nothing else is */
        snprintf(expected, sizeof(expected), "CONN_REFUSED %s\n", event);
        check_str(rig_events(rig), expected);
        check_int(node_peers_up(rig->node), ==, 0);
        rig_free(rig);
}

TEST(refused_greetings) {
        refuse("GET / HTTP/1.0\n\n", "- 192.0.2.1:1001 what it sent is no AEMP greeting");
        refuse("\n\n", "- 192.0.2.1:1001 what it sent is no AEMP greeting");
        refuse("aemp;2;host2;hmac_sha3_512;cbor\nn\n",
                "- 192.0.2.1:1001 it speaks another version of the protocol, here it is 1");
        refuse("aemp-dataconn;1;host2;hmac_sha3_512;cbor\nn\n",
                "- 192.0.2.1:1001 it asks for a protocol that is not known here");
        refuse("aemp;1;ho st2;hmac_sha3_512;cbor\nn\n", "- 192.0.2.1:1001 its node ID is not valid");
        refuse("aemp;1;;hmac_sha3_512;cbor\nn\n", "- 192.0.2.1:1001 its node ID is not valid");
        refuse("aemp;1;host2#x;hmac_sha3_512;cbor\nn\n", "- 192.0.2.1:1001 its node ID is not valid");
        refuse("aemp;1;host1;hmac_sha3_512;cbor\nn\n",
                "host1 192.0.2.1:1001 connected to myself, or another node has my node ID");
        refuse("aemp;1;host2;tls_sha3_512;cbor\nn\n",
                "host2 192.0.2.1:1001 no authentication method in common (here: hmac_sha3_512)");
        refuse("aemp;1;host2;hmac_sha3_512;storable\nn\n",
                "host2 192.0.2.1:1001 no framing in common (here: cbor)");
}

TEST(long_line) {
        char line[4097];

        memset(line, 'x', sizeof(line));
        line[4096] = '\0';
        refuse(line, "- 192.0.2.1:1001 a line of its handshake is too long");
}

TEST(refused_auth) {
        static const struct {
                const char *line, *text;
        } cases[] = {
                {"hmac_sha3_512;00;cbor\n", "authentication failed: it has another secret"},
                {"cleartext;67656865696d;cbor\n", "it uses an authentication method that was not offered"},
                {"tls_anon;;cbor\n", "it uses an authentication method that was not offered"},
                {"hmac_sha3_512;00;json\n", "it uses a framing that was not offered"},
                {"hmac_sha3_512\n", "its authentication line is malformed"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                Rig *rig = rig_new("host1", NULL);
                RigEnd *end = rig_accept(rig);

                rig_greet(end, "host2", "");
                rig_octets(end, cases[i].line, strlen(cases[i].line));
                check(!end->stream);
                check_int(end->in.len, ==, 0);
                check(strstr(rig_events(rig), cases[i].text));
                rig_free(rig);
        }
}

TEST(wrong_secret) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        rig_greet(end, "host2", "");
        rig_auth(end, "Geheim");
        check(!end->stream);
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1001 authentication failed: it has another secret\n");
        rig_free(rig);
}

TEST(echo_attack) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);
        char lines[8300];

        snprintf(lines, sizeof(lines), "%s\n%s\n", end->node_greeting, end->node_nonce);
        rig_octets(end, lines, strlen(lines));
        check(!end->stream);
        check_str(
                rig_events(rig), "CONN_REFUSED - 192.0.2.1:1001 it sent our own lines back (echo attack)\n");
        rig_free(rig);
}

TEST(deadline_is_absolute) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        for (unsigned i = 0; i < 6 && end->stream; i++) {
                rig_octets(end, "a", 1);
                rig_sleep(rig, USEC_PER_SEC);
        }
        check(!end->stream);
        check_str(rig_events(rig), "CONN_REFUSED - 192.0.2.1:1001 its handshake took too long\n");
        check_int(rig->now, ==, 6 * USEC_PER_SEC);
        rig_free(rig);
}

TEST(half_open_limit) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *ends[10];
        Stream *stream;

        for (unsigned i = 0; i < 10; i++)
                ends[i] = rig_accept(rig);
        check_int(node_accept(rig->node, "192.0.2.9:1", &stream), <, 0);
        rig_close(ends[3], "x");
        rig_accept(rig);
        check_int(node_accept(rig->node, "192.0.2.9:1", &stream), <, 0);
        /* one that is established is none of them any more */
        rig_greet(ends[0], "host2", "");
        rig_auth(ends[0], RIG_SECRET);
        rig_accept(rig);
        rig_free(rig);
}

TEST(closed_by_the_other_side) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        rig_greet(end, "host2", "");
        rig_close(end, "Unexpected end-of-file");
        check_str(rig_events(rig),
                "CONN_REFUSED host2 192.0.2.1:1001 it closed the connection during the handshake "
                "(Unexpected end-of-file)\n");
        rig_free(rig);
}

static void no_secret(NodeConfig *config) {
        config->n_secrets = 0;
}

TEST(without_a_secret) {
        Rig *rig = rig_new_with("host1", NULL, no_secret);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;;cbor;", 19) == 0);
        rig_greet(end, "host2", "");
        check(!end->stream);
        check(strstr(rig_events(rig), "no secret is configured here"));
        rig_free(rig);
}
