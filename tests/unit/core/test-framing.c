/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Each side chooses the framing of what it sends, among what the other one accepts.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static const char *const cbor_only[] = {"cbor", NULL};
static const char *const json_first[] = {"json", "cbor", NULL};
static const char *const seeds[] = {"192.0.2.2:4040", NULL};

static void no_json(NodeConfig *config) {
        config->framings = cbor_only;
}

static void prefers_json(NodeConfig *config) {
        config->framings = json_first;
}

/* A peer that accepts these framings and sends that one. */
static RigEnd *peer(Rig *rig, const char *accepts, const char *sends) {
        RigEnd *end = rig_accept(rig);
        char lists[64], tail[16];

        snprintf(lists, sizeof(lists), "hmac_sha3_512;%s", accepts);
        rig_greet_as(end, "host2", lists, "", "n");
        rig_auth_as(end, "hmac_sha3_512", RIG_SECRET, sends);
        check(end->stream);
        end->json = strcmp(sends, "json") == 0;
        end->hears_cbor = strstr(accepts, "cbor") && strncmp(accepts, "json", 4) != 0;
        snprintf(tail, sizeof(tail), ";%s", end->hears_cbor ? "cbor" : "json");
        check(strcmp(strrchr(rig_line(end), ';'), tail) == 0);
        return end;
}

TEST(greeting) {
        Rig *rig = rig_new_with("host1", NULL, no_json);
        RigEnd *end = rig_accept(rig);

        check(strncmp(end->node_greeting, "aemp;1;host1;hmac_sha3_512;cbor;", 32) == 0);
        rig_free(rig);
        rig = rig_new_with("host1", NULL, prefers_json);
        end = rig_accept(rig);
        check(strncmp(end->node_greeting, "aemp;1;host1;hmac_sha3_512;json,cbor;", 37) == 0);
        rig_free(rig);
}

/* The other side's order decides what we send, whatever we prefer. */
TEST(both_ways) {
        static const struct {
                const char *accepts, *sends;
        } cases[] = {{"cbor,json", "cbor"}, {"cbor", "json"}, {"storable,json,cbor", "json"},
                {"cbor,json", "json"}};

        for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
                Rig *rig = rig_new_with("host1", NULL, i % 2 ? prefers_json : NULL);
                RigEnd *client = rig_client(rig, "x"), *end;
                bool json = strncmp(cases[i / 2].accepts, "cbor", 4) != 0;

                if (json) {
                        end = rig_accept(rig);
                        rig_greet_as(end, "host2", "hmac_sha3_512;storable,json,cbor", "", "n");
                        rig_auth_as(end, "hmac_sha3_512", RIG_SECRET, "json");
                        check(strcmp(strrchr(rig_line(end), ';'), ";json") == 0);
                        end->json = true;
                } else {
                        end = peer(rig, cases[i / 2].accepts, cases[i / 2].sends);
                }

                rig_say(end, "[\"%sp\",1.5,{\"a\":null}]", client->prefix);
                check_str(rig_heard(client), expect("[\"%sp\",1.5,{\"a\":null}]\n", client->prefix));
                rig_say(client, "[\"host2#q\",\"\\u00e4\",[true]]");
                check(end->in.len > 0 && (end->in.data[0] == '[') == json);
                check_str(rig_heard(end), "[\"q\",\"\xc3\xa4\",[true]]\n");
                /* requests and answers of the node itself */
                rig_say(end, "[\"\",\"time\",\"host2#r\"]");
                check_str(rig_heard(end), "[\"r\",1700000001]\n");
                rig_free(rig);
        }
}

TEST(heartbeat) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = peer(rig, "json", "cbor");

        rig_sleep(rig, 5 * USEC_PER_SEC);
        check_int(end->in.len, ==, 8);
        check(memcmp(end->in.data, "[\"\",\"\"]\n", 8) == 0);
        rig_free(rig);
}

/* Octet by octet, and the messages right behind the auth line. */
TEST(json_in_pieces) {
        for (int slowly = 0; slowly < 2; slowly++) {
                Rig *rig = rig_new("host1", NULL);
                RigEnd *client = rig_client(rig, "x"), *end = rig_accept(rig);

                end->json = end->held = true;
                rig_greet_as(end, "host2", "hmac_sha3_512;cbor", "", "n");
                rig_auth_as(end, "hmac_sha3_512", RIG_SECRET, "json");
                rig_say(end, "[\"%sp\", 1] [\"%sp\",{\"2\":\"]\"}]\n", client->prefix, client->prefix);
                end->slowly = slowly;
                rig_release(end);
                check_str(rig_heard(client),
                        expect("[\"%sp\",1]\n[\"%sp\",{\"2\":\"]\"}]\n", client->prefix, client->prefix));
                rig_free(rig);
        }
}

TEST(malformed_json) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = peer(rig, "json", "json");

        rig_events(rig);
        rig_octets(end, "[\"\",x]", 6);
        check(!end->stream);
        check(strstr(rig_events(rig), "PROTOCOL_ERROR host2 192.0.2.1:1001 "));
        rig_free(rig);
}

/* What is announced is what comes: CBOR is no JSON. */
TEST(the_other_framing) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *end = peer(rig, "cbor", "json");

        end->json = false;
        rig_say(end, "[\"\",\"devnull\"]");
        check(!end->stream);
        rig_free(rig);
}

TEST(refused) {
        static const struct {
                void (*change)(NodeConfig *config);
                const char *accepts, *sends, *text;
        } cases[] = {
                {no_json, "json", "cbor", "no framing in common: it accepts json; here it is cbor"},
                {NULL, "storable", "cbor",
                        "no framing in common: it accepts storable; here it is cbor,json"},
                {NULL, "", "cbor", "no framing in common: it accepts none; here it is cbor,json"},
                {no_json, "cbor", "json", "it uses a framing that was not offered"},
                {NULL, "cbor", "storable", "it uses a framing that was not offered"},
                {NULL, "cbor", "CBOR", "it uses a framing that was not offered"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                Rig *rig = rig_new_with("host1", NULL, cases[i].change);
                RigEnd *end = rig_accept(rig);
                char lists[64], event[200];

                snprintf(lists, sizeof(lists), "hmac_sha3_512;%s", cases[i].accepts);
                rig_greet_as(end, "host2", lists, "", "n");
                if (end->stream)
                        rig_auth_as(end, "hmac_sha3_512", RIG_SECRET, cases[i].sends);
                check(!end->stream);
                snprintf(event, sizeof(event), "CONN_REFUSED host2 192.0.2.1:1001 %s\n", cases[i].text);
                check_str(rig_events(rig), event);
                rig_free(rig);
        }
}

/* --- what waited ------------------------------------------------------------------------------------- */

/* A client watches a port of host2 and says a lot to it, while there is no connection. */
static RigEnd *say_much(Rig *rig, unsigned n, size_t size) {
        RigEnd *client = rig_client(rig, "x");
        char filler[2000];

        memset(filler, 'f', size);
        filler[size] = '\0';
        rig_say(client, "[\"\",\"mon1\",\"host2#p\"]");
        for (unsigned i = 0; i < n; i++)
                rig_say(client, "[\"host2#p\",%u,\"%s\"]", i, filler);
        return client;
}

static const char *heard_much(RigEnd *end, unsigned n, size_t size) {
        const char *p = rig_heard(end);

        check(strncmp(p, "[\"\",\"mon1\",\"p\"]\n", 16) == 0);
        p += 16;
        for (unsigned i = 0; i < n; i++) {
                char head[32];

                snprintf(head, sizeof(head), "[\"p\",%u,\"f", i);
                check(strncmp(p, head, strlen(head)) == 0);
                p = strchr(p, '\n') + 1;
        }
        return p;
}

TEST(what_waited_is_json) {
        for (int json = 0; json < 2; json++) {
                Rig *rig = rig_new("host1", seeds);
                RigEnd *end;

                say_much(rig, 100, 300);
                end = peer(rig, json ? "json" : "cbor", "cbor");
                check((end->in.data[0] == '[') == json);
                check_int(end->in.len, >, 100 * 300);
                end->json = json;
                end->hears_cbor = !json;
                heard_much(end, 100, 300);
                rig_free(rig);
        }
}

/* It grows on the way, to more than a queue may hold: then all ends, and whoever watches is told. */
TEST(what_waited_is_too_much_as_json) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *client = rig_client(rig, "x"), *end = rig_accept(rig);
        char text[1500];
        size_t n = 0;

        while (n < 1400)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "\\u0001");
        rig_say(client, "[\"\",\"mon1\",\"host2#p\"]");
        for (unsigned i = 0; i < 200; i++)
                rig_say(client, "[\"host2#p\",%u,\"%s\"]", i, text);
        check_str(rig_heard(client), "");
        rig_events(rig);

        rig_greet_as(end, "host2", "hmac_sha3_512;json", "", "n");
        rig_auth(end, RIG_SECRET);
        check(!end->stream);
        check_str(rig_events(rig),
                "NODE_UP host2 192.0.2.1:1002 incoming\nNODE_DOWN host2 192.0.2.1:1002 too many messages "
                "wait "
                "for it\n");
        check_str(rig_heard(client),
                "[\"\",\"kil0\",\"host2#p\",\"transport_error\",\"host2\",\"too many messages wait for "
                "it\"]\n"
                "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"too many messages wait for "
                "it\"]\n");
        rig_free(rig);
}
