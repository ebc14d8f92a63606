/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Until the other side has proved who it is: every wrong line ends in one log line, and in nothing else.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

TEST(greeting) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;hmac_sha3_512;cbor,json;", 37) == 0);
        check(strstr(end->node_greeting, ";mproto=1;"));
        check(strstr(end->node_greeting, ";aempd=1;"));
        check(strstr(end->node_greeting, ";peeraddr=192.0.2.1:1001"));
        check(!strstr(end->node_greeting, ";tls="));
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
                "host1 192.0.2.1:1001 it has my own node ID, but is not myself: each node needs an ID of "
                "its "
                "own");
        refuse("aemp;1;host2;tls_sha3_512,x\x1b;cbor\nn\n",
                "host2 192.0.2.1:1001 no authentication method in common: it accepts tls_sha3_512,x?; here "
                "it "
                "is hmac_sha3_512");
        refuse("aemp;1;host2;;cbor\nn\n",
                "host2 192.0.2.1:1001 no authentication method in common: it accepts none; here it is "
                "hmac_sha3_512");
        refuse("aemp;1;host2;hmac_sha3_512;storable\nn\n",
                "host2 192.0.2.1:1001 no framing in common: it accepts storable; here it is cbor,json");
}

/* Greeting and nonce are for everybody, also for who is refused before they were written. */
TEST(refused_with_both_lines) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = calloc(1, sizeof(*end));

        check(end);
        rig->ends[rig->n_ends++] = end;
        end->rig = rig;
        check_int(node_accept(rig->node, "192.0.2.1:1", &end->stream), ==, 0);
        end->stream->edge = end;
        rig_octets(end, "\n\n", 2);
        check(!end->stream);
        check(strncmp(rig_line(end), "aemp;1;host1;", 13) == 0);
        check_int(strlen(rig_line(end)), ==, 88);
        check_int(end->in.len, ==, 0);
        rig_free(rig);
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
                {"tls_sha3_512;00;cbor\n", "it uses an authentication method that was not offered"},
                {"HMAC_SHA3_512;00;cbor\n", "it uses an authentication method that was not offered"},
                {";00;cbor\n", "it uses an authentication method that was not offered"},
                {"hmac_sha3_512;00;storable\n", "it uses a framing that was not offered"},
                {"hmac_sha3_512;00;\n", "it uses a framing that was not offered"},
                {"\n", "its authentication line is malformed"},
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

        for (unsigned i = 0; i < 10; i++)
                ends[i] = rig_accept(rig);
        check(!rig_accept_from(rig, "192.0.2.1:1"));
        rig_close(ends[3], "x");
        rig_accept(rig);
        check(!rig_accept_from(rig, "192.0.2.1:1"));
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

/* --- every method ------------------------------------------------------------------------------------ */

static const char *const every[] = {"hmac_sha3_512", "cleartext", "tls_sha3_512", "tls_anon", NULL};
static const char *const cleartext_only[] = {"cleartext", NULL};
static const NodeSecret two[] = {{"new", 3}, {RIG_SECRET, 6}};

static void accept_every(NodeConfig *config) {
        config->auth_accept = config->auth_offer = every;
}

static void send_cleartext(NodeConfig *config) {
        config->auth_offer = cleartext_only;
}

static void two_secrets(NodeConfig *config) {
        accept_every(config);
        config->secrets = two;
        config->n_secrets = 2;
}

/* Answers with that line ("%s" is the right token): is it established, with which line of ours? */
static const char *answer(
        void (*change)(NodeConfig *config), const char *accepts, const char *method, const char *format) {
        static char ours[512];
        Rig *rig = rig_new_with("host1", NULL, change);
        RigEnd *end = rig_accept(rig);
        char lists[128], line[512];

        snprintf(lists, sizeof(lists), "%s;cbor", accepts);
        rig_greet_as(end, "host2", lists, "", "n");
        if (strstr(format, "%s")) {
                size_t before = (size_t) (strstr(format, "%s") - format);

                snprintf(line, sizeof(line), "%.*s%s%s", (int) before, format,
                        rig_token(end, method, RIG_SECRET), format + before + 2);
        } else {
                snprintf(line, sizeof(line), "%s", format);
        }
        rig_octets(end, line, strlen(line));
        check_int(!!end->stream, ==, node_peers_up(rig->node));
        snprintf(ours, sizeof(ours), "%s", end->stream ? rig_line(end) : rig_events(rig));
        rig_free(rig);
        return ours;
}

TEST(each_method) {
        check(strncmp(answer(accept_every, "hmac_sha3_512", "hmac_sha3_512", "hmac_sha3_512;%s;cbor\n"),
                      "hmac_sha3_512;", 14) == 0);
        check(strncmp(answer(accept_every, "hmac_sha3_512", "cleartext", "cleartext;%s;cbor\n"),
                      "hmac_sha3_512;", 14) == 0);
        check_str(
                answer(accept_every, "cleartext,hmac_sha3_512", "hmac_sha3_512", "hmac_sha3_512;%s;cbor\n"),
                "cleartext;67656865696d;cbor");
        check_str(answer(send_cleartext, "hmac_sha3_512,cleartext", "hmac_sha3_512",
                          "hmac_sha3_512;%s;cbor\n"),
                "cleartext;67656865696d;cbor");
        /* with keys behind it, and a CR */
        check(strncmp(answer(NULL, "hmac_sha3_512", "hmac_sha3_512", "hmac_sha3_512;%s;cbor;a=b;c\r\n"),
                      "hmac_sha3_512;", 14) == 0);
}

TEST(each_method_wrong) {
        static const char *const wrong[] = {"hmac_sha3_512;0%s;cbor\n", "hmac_sha3_512;%s0;cbor\n",
                "hmac_sha3_512;;cbor\n", "hmac_sha3_512;67656865696d;cbor\n", "cleartext;%s;cbor\n",
                "cleartext;;cbor\n", "cleartext;67656865696D;cbor\n", "cleartext;67656865696;cbor\n",
                "cleartext;67656865696d0;cbor\n", "cleartext;geheim;cbor\n"};

        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                check_str(answer(accept_every, "hmac_sha3_512", "hmac_sha3_512", wrong[i]),
                        "CONN_REFUSED host2 192.0.2.1:1001 authentication failed: it has another secret\n");
}

TEST(upper_case) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = rig_accept(rig);
        char line[300], *p;

        rig_greet(end, "host2", "");
        snprintf(line, sizeof(line), "hmac_sha3_512;%s;cbor\n", rig_token(end, "hmac_sha3_512", RIG_SECRET));
        for (p = line + 14; *p != ';'; p++)
                *p = (char) (*p >= 'a' ? *p - 32 : *p);
        rig_octets(end, line, strlen(line));
        check(!end->stream);
        check(strstr(rig_events(rig), "it has another secret"));
        rig_free(rig);
}

TEST(secrets_in_turn) {
        Rig *rig = rig_new_with("host1", NULL, two_secrets);
        RigEnd *old = rig_accept(rig), *new = rig_accept(rig), *clear = rig_accept(rig),
               *bad = rig_accept(rig);
        char expected[300];

        rig_greet(old, "host2", "");
        rig_auth(old, RIG_SECRET);
        snprintf(expected, sizeof(expected), "hmac_sha3_512;%s;cbor",
                rig_node_token(old, "hmac_sha3_512", "new"));
        check_str(rig_line(old), expected);
        rig_greet(new, "host3", "");
        rig_auth(new, "new");
        check(new->stream);
        rig_greet(clear, "host4", "");
        rig_auth_as(clear, "cleartext", RIG_SECRET, "cbor");
        check(clear->stream);
        rig_greet(bad, "host5", "");
        rig_auth(bad, "older");
        check(!bad->stream);
        check_int(node_peers_up(rig->node), ==, 3);
        rig_free(rig);
}

/* protocol.md 2.4; what the node says to it is JSON. */
TEST(simplest_peer) {
        Rig *rig = rig_new_with("host1", NULL, accept_every);
        RigEnd *end = rig_accept(rig);
        static const char says[] = "aemp;1;simple;hmac_sha3_512;json\n\ncleartext;67656865696d;json\n"
                                   "[\"\",\"time\",\"simple#p\",\"t\"]";

        end->json = true;
        rig_octets(end, says, strlen(says));
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        check_str(rig_heard(end), "[\"p\",\"t\",1700000001]\n");
        rig_free(rig);
}

/* --- configuration ----------------------------------------------------------------------------------- */

/* A seed that has another secret does not say so. */
TEST(closed_on_our_auth_line) {
        static const char *const seeds[] = {"192.0.2.2:4040", NULL};
        Rig *rig = rig_new("host1", seeds);
        RigEnd *end;

        rig_resolve(rig, seeds[0], seeds[0]);
        end = rig_connected(rig);
        rig_greet(end, "host2", "");
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        rig_close(end, "Unexpected end-of-file");
        check_str(rig_events(rig),
                "SEED_FAILED host2 192.0.2.2:4040 it closed the connection on our authentication line, "
                "its log says why (Unexpected end-of-file)\n");
        rig_free(rig);
}

static void no_secret(NodeConfig *config) {
        config->n_secrets = 0;
}

TEST(without_a_secret) {
        Rig *rig = rig_new_with("host1", NULL, no_secret);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;;cbor,json;", 24) == 0);
        rig_greet(end, "host2", "");
        check(!end->stream);
        check(strstr(rig_events(rig), "no secret is configured here"));
        rig_free(rig);
}

static void never_random(void *userdata, void *to, size_t n) {
        memset(to, 1, n);
}

static int start_with(void (*change)(NodeConfig *config)) {
        NodeConfig config = {.id = "x",
                .max_message = 65536,
                .heartbeat_interval = 1,
                .handshake_timeout = 1,
                .monitor_timeout = 1,
                .secrets = two,
                .n_secrets = 2};
        const NodeEdge edge = {.random = never_random};
        Node *node = NULL;
        int r;

        change(&config);
        r = node_new(&node, &config, &edge, NULL);
        node_free(node);
        return r;
}

static void odd_accept(NodeConfig *config) {
        static const char *const md5[] = {"hmac_sha3_512", "hmac_md5", NULL};

        config->auth_accept = md5;
}

static void odd_framing(NodeConfig *config) {
        static const char *const storable[] = {"cbor", "storable", NULL};

        config->framings = storable;
}

static void empty_secret(NodeConfig *config) {
        static const NodeSecret empty[] = {{"a", 1}, {"", 0}};

        config->secrets = empty;
}

TEST(values_that_cant_be) {
        check_int(start_with(accept_every), ==, 0);
        check_int(start_with(odd_accept), ==, -EINVAL);
        check_int(start_with(odd_framing), ==, -EINVAL);
        check_int(start_with(empty_secret), ==, -EINVAL);
}
