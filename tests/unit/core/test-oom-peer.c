/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Nodes that a node which runs out of memory talks to. A connection may end at any moment, or not come
 * about; but who relies on it is told.
 */

#include <errno.h>

#include "scarce.h"
#include "tests/unit/test.h"

/* As long as nobody answers for it, there is hope that others are found by way of it. */
static const char *const seeds[] = {"seed.example:4040", NULL};

/* What the client said to host2 may not have arrived. */
static bool lost(const ScarceEnd *client, const ScarceEnd *peer) {
        return oom_failed() &&
                (!client->stream || !peer->stream || scarce_heard(client, "[\"\",\"down\",\"host2\""));
}

/* What waits goes out first, in the other framing; each side watches the other, and hears how it ended. */
static void monitors(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1001, "cbor"), *peer;
        unsigned n;

        scarce_say(a, "[\"\",\"nodes1\"]");
        scarce_say(a, "[\"\",\"mon1\",\"host2#q\"]");
        scarce_say(b, "[\"\",\"mon1\",\"host2\"]");
        scarce_say_sequence(a, "host2#p", 1, 3);
        scarce_say(a, "[\"host2#x\",{\"\\u00e4\":[1.5,null]}]");
        peer = scarce_peer(scarce, "host2", "json");
        scarce_say_sequence(a, "host2#p", 4, 6);
        scarce_say(a, "[\"\",\"mon1\",\"host2#r\"]");
        scarce_say(a, "[\"\",\"mon0\",\"host2#r\"]");
        scarce_say(a, "[\"\",\"mon1\",\"host2#s\"]");
        scarce_say(peer, "[\"\",\"mon1\",\"%s1\"]", a->prefix);
        scarce_say(peer, "[\"\",\"mon1\",\"%s2\"]", a->prefix);
        scarce_say(peer, "[\"\",\"mon0\",\"%s2\"]", a->prefix);
        scarce_say(peer, "[\"\",\"mon1\",\"nobody's\"]");
        scarce_say(peer, "[\"\",\"kil0\",\"q\",\"die\",\"text\"]");
        scarce_say(peer, "[\"\",\"kil1\",\"%s3\",\"please\"]", a->prefix);
        scarce_say(a, "[\"\",\"kil1\",\"host2#r\",\"please\"]");
        scarce_say(a, "[\"\",\"kil0\",\"%s1\",\"die\",\"text\"]", a->prefix);
        scarce_settle(scarce);

        n = scarce_sequence(peer, "p");
        check(n == 6 || lost(a, peer));
        check(scarce_told(peer, "[\"\",\"kil0\",\"nobody's\""));
        check(scarce_told(peer, "[\"\",\"kil0\",\"%s1\"", a->prefix) || *a->prefix == 'n');
        scarce_close(peer);
        scarce_sleep(scarce, 60 * USEC_PER_SEC);
        check(scarce_told(a, "[\"\",\"kil0\",\"host2#q\""));
        check(scarce_told(a, "[\"\",\"kil0\",\"host2#s\""));
        check(scarce_told(a, "[\"\",\"down\",\"host2\""));
        check(scarce_told(b, "[\"\",\"kil0\",\"host2\""));
        check(scarce_told(a, "[\"\",\"node\",\"host2\",false") ||
                !scarce_heard(a, "[\"\",\"node\",\"host2\""));
        scarce_say(a, "[\"\",\"down\",\"host2\"]");
        scarce_say_sequence(a, "host2#p", 1, 3);
        scarce_sleep(scarce, 60 * USEC_PER_SEC);
}

TEST(monitors_between_nodes) {
        scarce_tell(monitors, seeds, NULL);
}

/* Nothing is missing in the middle of what waited and what came behind it. */
static void messages(Scarce *scarce, const char *framing) {
        ScarceEnd *a = scarce_client(scarce, 1000, "cbor"), *peer;
        unsigned n;

        scarce_say_sequence(a, "host2#p", 1, 1);
        for (unsigned i = 2; i <= 6; i++) {
                scarce_say(a, "[\"host2#p\",\"filler\",\"%03000d\"]", 0);
                scarce_say_sequence(a, "host2#p", i, i);
        }
        peer = scarce_peer(scarce, "host2", framing);
        scarce_say_sequence(a, "host2#p", 7, 9);
        scarce_settle(scarce);

        n = scarce_sequence(peer, "p");
        check(n == 9 || lost(a, peer));
}

static void messages_cbor(Scarce *scarce) {
        messages(scarce, "cbor");
}

static void messages_json(Scarce *scarce) {
        messages(scarce, "json");
}

TEST(messages_between_nodes) {
        scarce_tell(messages_cbor, seeds, NULL);
        scarce_tell(messages_json, seeds, NULL);
}

/* What a peer may ask. Each of its questions has an answer, or it is no longer connected. */
static void requests(Scarce *scarce) {
        ScarceEnd *b = scarce_client(scarce, 1001, "cbor;src=1"),
                  *peer = scarce_peer(scarce, "host2", "cbor");

        scarce_say(b, "[\"\",\"func1\",\"A::f\"]");
        scarce_say(b, "[\"\",\"reg1\",\"log\",\"%s1\"]", b->prefix);
        scarce_say(peer, "[\"\",\"time\",\"host2#p\",\"t\"]");
        scarce_say(peer, "[\"\",\"wkp\",\"log\",\"host2#p\",\"w\"]");
        scarce_say(peer, "[\"\",\"can\",\"A::f\",\"host2#p\",\"c\"]");
        scarce_say(peer, "[\"\",\"eval\",\"1\",\"host2#p\",\"e\"]");
        scarce_say(peer, "[\"\",\"snd\",\"host2#p\",\"s\"]");
        scarce_say(peer, "[\"\",\"snd\",\"\",\"relay\",\"host2#p\",\"r\"]");
        scarce_say(peer, "[\"\",\"g_slave\",{\"'l\":{\"host2\":[\"192.0.2.9:1\",\"[::1]:2\"]}}]");
        scarce_say(peer, "[\"\",\"g_find\",\"host2\"]");
        scarce_say(peer, "[\"\",\"A::f\",1]");
        scarce_say(peer, "[\"\",\"A::g\",1]");
        scarce_say(peer, "[\"\",\"AnyEvent::MP::_spawn\",\"s.1\",\"A::f\",1]");
        scarce_say(peer, "[\"\",\"AnyEvent::MP::_spawn\",\"s.2\",\"B::f\",1]");
        scarce_say(peer, "[\"\",\"AnyEvent::MP::_spawn\",\"s.1\",\"A::f\",1]");
        scarce_say(peer, "[\"\",\"mon1\",\"s.1\"]");
        scarce_say(peer, "[\"\",\"mon1\",\"s.2\"]");
        scarce_say(b, "[\"\",\"kil0\",\"s.1\"]");
        scarce_settle(scarce);
        scarce_close(b);

        for (const char *i = "twcesr"; *i; i++)
                check(scarce_told(peer, "[\"p\",\"%c\"", *i));
        check(scarce_told(peer, "[\"\",\"g_found\",\"host2\",[\"192.0.2.9:1\",\"[::1]:2\"]]"));
        check(scarce_told(peer, "[\"\",\"kil0\",\"s.1\""));
        check(scarce_told(peer, "[\"\",\"kil0\",\"s.2\""));
}

TEST(requests_of_a_node) {
        scarce_tell(requests, NULL, NULL);
}

/* The same in strings that have to be converted to be read. */
static void odd_strings(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *peer = scarce_peer(scarce, "host2", "cbor");

        scarce_say(a, "[\"\",\"mon1\",\"host2#\xc3\xa4\"]");
        scarce_octets(peer, "\x84\x60\x7f\x63snd\xff\x46host2#\x41\xe4", 17);
        scarce_octets(peer, "\x84\x60\x7f\x63kil\x61\x30\xff\x41\xe4\x7f\x63why\xff", 19);
        scarce_settle(scarce);

        check(scarce_told(peer, "[\"\",\"\xc3\xa4\"]") || scarce_told(peer, "[\"\",\"mon1\""));
        check(scarce_told(a, "[\"\",\"kil0\",\"host2#\xc3\xa4\"") || (oom_failed() && !peer->stream));
}

TEST(strings_that_are_converted) {
        scarce_tell(odd_strings, NULL, NULL);
}

/* A seed, and by way of it a node that nobody knows yet. */
static void dials(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *seed, *end;

        scarce_resolve(scarce, "192.0.2.50:4040");
        seed = scarce_connected(scarce);
        if (seed) {
                scarce_greet(seed, "seed", "hmac_sha3_512;cbor", "");
                scarce_auth(seed, "hmac_sha3_512");
        }
        scarce_say(a, "[\"\",\"mon1\",\"host2#q\"]");
        scarce_say_sequence(a, "host2#p", 1, 3);
        if (seed)
                scarce_say(seed, "[\"\",\"g_found\",\"host2\",[\"host2.example:1\",\"192.0.2.9:1\"]]");
        scarce_resolve(scarce, "192.0.2.8:1");
        end = scarce_connected(scarce);
        if (end) {
                scarce_greet(end, "host3", "hmac_sha3_512;cbor", ""); /* somebody else */
                scarce_auth(end, "hmac_sha3_512");
        }
        scarce_sleep(scarce, 3 * USEC_PER_SEC);
        scarce_resolve(scarce, "192.0.2.9:1");
        end = scarce_connected(scarce);
        if (end) {
                scarce_greet(end, "host2", "hmac_sha3_512;cbor", "");
                scarce_auth(end, "hmac_sha3_512");
                scarce_say(end, "[\"%sp\",\"hello\"]", a->prefix);
        }
        scarce_settle(scarce);
        if (end) {
                unsigned n = scarce_sequence(end, "p");

                check(n == 3 || lost(a, end));
                scarce_close(end);
        }
        scarce_sleep(scarce, 60 * USEC_PER_SEC);
        check(scarce_told(a, "[\"\",\"kil0\",\"host2#q\",\"transport_error\""));
        check(scarce_told(a, "[\"\",\"down\",\"host2\",\"transport_error\""));
}

TEST(connecting) {
        scarce_tell(dials, seeds, NULL);
}

/* The seed goes away, and is found again. */
static void reconnects(Scarce *scarce) {
        scarce_resolve(scarce, NULL);
        scarce_sleep(scarce, 3 * USEC_PER_SEC);
        for (int i = 0; i < 2; i++) {
                ScarceEnd *seed;

                scarce_resolve(scarce, "192.0.2.50:4040");
                seed = scarce_connected(scarce);
                if (seed) {
                        scarce_greet(seed, "seed", "hmac_sha3_512;cbor", ";provider=x;aempd=1");
                        scarce_auth(seed, "hmac_sha3_512");
                        if (i == 1)
                                break;
                        scarce_close(seed);
                }
                scarce_sleep(scarce, 3 * USEC_PER_SEC);
        }
        scarce_settle(scarce);

        for (int i = 0; node_peers_up(scarce->node) == 0; i++) {
                ScarceEnd *seed;

                check_int(i, <, 20);
                scarce_sleep(scarce, 30 * USEC_PER_SEC);
                scarce_resolve(scarce, "192.0.2.50:4040");
                seed = scarce_connected(scarce);
                if (!seed)
                        continue;
                scarce_greet(seed, "seed", "hmac_sha3_512;cbor", "");
                scarce_auth(seed, "hmac_sha3_512");
        }
}

TEST(a_seed_is_found_in_the_end) {
        scarce_tell(reconnects, seeds, NULL);
}

static void with_tls(NodeConfig *config) {
        config->tls = true;
        config->certificate_expires = 1800000000;
}

static void secured(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 0, "json"), *end = scarce_accept(scarce);

        scarce_greet(end, "host2", "tls_sha3_512,hmac_sha3_512;json", ";tls=1.0;provider=x");
        scarce_auth(end, "tls_sha3_512");
        scarce_say(a, "[\"\",\"aempd::nodes\",\"host1#%s1\"]", a->prefix);
        end = scarce_accept(scarce);
        scarce_greet(end, "host3", "tls_anon;json", ";tls=1.0");
        end = scarce_accept(scarce);
        scarce_greet(end, "host3", "hmac_sha3_512;storable", "");
        end = scarce_accept(scarce);
        scarce_greet(end, "host3", "hmac_sha3_512;cbor", "");
        scarce_auth(end, "cleartext");
        scarce_settle(scarce);
}

TEST(handshakes_with_tls) {
        scarce_tell(secured, NULL, with_tls);
}

/* A second connection waits until it is known whether the first still lives. */
static void two(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *first = scarce_peer(scarce, "host2", "cbor"),
                  *end;

        scarce_say(a, "[\"\",\"mon1\",\"host2#q\"]");
        end = scarce_peer(scarce, "host2", "cbor");
        scarce_say(end, "[\"%sp\",\"early\"]", a->prefix);
        scarce_say(first, "[\"\",\"\"]");
        end = scarce_peer(scarce, "host2", "cbor");
        scarce_say(end, "[\"%sp\",\"early\"]", a->prefix);
        scarce_sleep(scarce, 2 * USEC_PER_SEC);
        scarce_settle(scarce);
        scarce_close(first);
        scarce_close(end);
        scarce_sleep(scarce, 20 * USEC_PER_SEC);

        check_int(node_peers_up(scarce->node), ==, 0);
        check(scarce_told(a, "[\"\",\"kil0\",\"host2#q\""));
}

TEST(two_connections) {
        scarce_tell(two, NULL, NULL);
}

/* More than may wait, of a client's and of what another node relays. */
static void charges(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *peer = scarce_peer(scarce, "host2", "cbor");
        char long_text[3001];

        memset(long_text, 'x', 3000);
        long_text[3000] = '\0';
        scarce_say(a, "[\"\",\"mon1\",\"host3#q\"]");
        scarce_say_sequence(a, "host3#p", 1, 3);
        for (int i = 0; i < 12; i++) {
                scarce_say(a, "[\"host3#p\",\"%s\"]", long_text);
                scarce_say(peer, "[\"\",\"snd\",\"host3#p\",\"%s\"]", long_text);
        }
        scarce_settle(scarce);
        scarce_sleep(scarce, 60 * USEC_PER_SEC);

        check(scarce_told(a, "[\"\",\"kil0\",\"host3#q\""));
        check(!a->stream || !a->stream->paused);
}

TEST(too_much_that_waits) {
        scarce_tell(charges, seeds, NULL);
}
