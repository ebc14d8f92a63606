/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

#define BAD "192.0.2.66:1"

static const char *const seeds[] = {"192.0.2.2:4040", NULL};

TEST(same) {
        static const struct {
                const char *a, *b;
                bool same;
        } cases[] = {
                {"192.0.2.1:1", "192.0.2.1:65535", true},
                {"192.0.2.1:1", "192.0.2.2:1", false},
                {"192.0.2.1:1", "192.0.2.10:1", false},
                {"[2001:db8:1:2::3]:1", "[2001:db8:1:2:ffff::]:2", true},
                {"[2001:db8:1:2::3]:1", "[2001:db8:1:3::3]:1", false},
                {"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
                {"[::ffff:192.0.2.1]:1", "192.0.2.1:7", true},
                {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", false},
                {"[::1]:1", "[::2]:1", true},
                {"somewhere", "somewhere", true},
                {"somewhere", "somewhere else", false},
                {"[2001:db8::1", "[2001:db8::1", true},
                {"[]:1", "[]:2", false},
                {"", "", true},
                {"", ":", false},
                {"1.2.3:1", "1.2.3:2", false},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
                check_int(source_same(cases[i].a, cases[i].b), ==, cases[i].same);
}

/* --- failures ---------------------------------------------------------------------------------------- */

/* One more from there that fails: false when it was not let in. */
static bool fail(Rig *rig, const char *address) {
        RigEnd *end = rig_accept_from(rig, address);

        if (!end)
                return false;

        rig_octets(end, "GET / HTTP/1.1\n\n", 16);
        check(!end->stream);
        return true;
}

/* How long is nobody let in from there? In ms; time is behind that then. */
static uint64_t closed_for(Rig *rig, const char *address) {
        uint64_t start = rig->now;
        RigEnd *end;

        while (!(end = rig_accept_from(rig, address))) {
                rig_sleep(rig, 100 * USEC_PER_MSEC);
        }
        rig_close(end, "x"); /* without a word, which is no failure */
        return (rig->now - start) / USEC_PER_MSEC;
}

TEST(back_off) {
        static const unsigned times[] = {1, 2, 4, 8, 16, 30, 30};
        Rig *rig = rig_new("host1", NULL);

        for (int i = 0; i < 3; i++) {
                check(fail(rig, BAD));
                check_int(closed_for(rig, BAD), ==, 0);
        }
        check(!strstr(rig_events(rig), "nothing is accepted"));

        for (unsigned i = 0; i < sizeof(times) / sizeof(*times); i++) {
                unsigned failures = i < 6 ? 4 + i : 9;

                rig_events(rig);
                check(fail(rig, BAD));
                check_str(rig_events(rig),
                        expect("CONN_REFUSED - 192.0.2.66:1 what it sent is no AEMP greeting\n"
                               "CONN_REFUSED - 192.0.2.66 %u failed handshakes: nothing is accepted from it "
                               "for "
                               "%u s\n",
                                failures, times[i]));
                /* others are none the worse */
                rig_close(rig_accept_from(rig, "192.0.2.67:1"), "x");
                check_int(closed_for(rig, BAD), ==, times[i] * 1000);
                check_str(rig_events(rig), "");
        }

        /* one is forgotten in 10 s of good behaviour */
        rig_sleep(rig, 25 * USEC_PER_SEC);
        check(fail(rig, BAD));
        check_int(closed_for(rig, BAD), ==, 16000);
        rig_sleep(rig, 80 * USEC_PER_SEC);
        for (int i = 0; i < 3; i++)
                check(fail(rig, BAD));
        check_int(closed_for(rig, BAD), ==, 0);
        check(fail(rig, BAD));
        check_int(closed_for(rig, BAD), ==, 1000);
        rig_free(rig);
}

TEST(success_makes_up) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *good = rig_accept_from(rig, BAD);

        rig_accept_from(rig, BAD); /* says nothing */
        for (int i = 0; i < 4; i++)
                check(fail(rig, BAD));
        check(!rig_accept_from(rig, BAD));
        /* one that was there before the door was closed */
        rig_greet(good, "host2", "");
        rig_auth(good, RIG_SECRET);
        check_int(node_peers_up(rig->node), ==, 1);
        for (int i = 0; i < 3; i++)
                check(fail(rig, BAD));
        check(rig_accept_from(rig, BAD));
        rig_free(rig);
}

/* The time is the one that was told; those that fail meanwhile make the next one longer. */
TEST(burst) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *ends[10];

        for (int i = 0; i < 10; i++)
                ends[i] = rig_accept_from(rig, BAD);
        for (int i = 0; i < 10; i++)
                rig_octets(ends[i], "\n\n", 2);
        check_int(closed_for(rig, BAD), ==, 1000);
        check(fail(rig, BAD));
        check_int(closed_for(rig, BAD), ==, 30000);
        rig_free(rig);
}

TEST(by_network) {
        Rig *rig = rig_new("host1", NULL);

        for (int i = 0; i < 4; i++) {
                char address[64];

                snprintf(address, sizeof(address), "[2001:db8:1:2::%d]:%d", i, i);
                check(fail(rig, address));
        }
        check(strstr(rig_events(rig), "CONN_REFUSED - 2001:db8:1:2::/64 4 failed handshakes: "));
        check(!fail(rig, "[2001:db8:1:2:3::]:1"));
        check(fail(rig, "[2001:db8:1:3::1]:1"));
        rig_free(rig);
}

/* --- what is a failure ------------------------------------------------------------------------------- */

static void tls(NodeConfig *config) {
        config->tls = true;
}

typedef void (*Act)(Rig *rig, RigEnd *end);

/* Done four times, does it close the door? */
static bool closes(Act act) {
        Rig *rig = rig_new_with("host1", NULL, tls);
        bool open = true;

        for (int i = 0; i < 4; i++) {
                RigEnd *end = rig_accept_from(rig, BAD);

                check(end);
                act(rig, end);
                if (end->stream)
                        rig_close(end, "Unexpected end-of-file");
        }
        open = rig_accept_from(rig, BAD);
        rig_free(rig);
        return !open;
}

static void wrong_token(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", "");
        rig_auth(end, "wrong");
}

static void wrong_method(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", "");
        rig_octets(end, "cleartext;67656865696d;cbor\n", 28);
}

static void wrong_framing(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", "");
        rig_auth_as(end, "hmac_sha3_512", RIG_SECRET, "storable");
}

static void nothing_in_common(Rig *rig, RigEnd *end) {
        rig_greet_as(end, "host2", "tls_anon;cbor", "", "n");
}

static void long_line(Rig *rig, RigEnd *end) {
        char line[4097];

        memset(line, 'a', sizeof(line));
        rig_octets(end, line, sizeof(line));
}

static void garbage_auth(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", "");
        rig_octets(end, "\x01\x02\n", 3);
}

static void tls_fails(Rig *rig, RigEnd *end) {
        end->no_tls = true;
        rig_greet(end, "host2", ";tls=1.0");
}

static void gone_at_once(Rig *rig, RigEnd *end) {
}

static void gone_in_between(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", "");
}

static void gone_after_tls(Rig *rig, RigEnd *end) {
        rig_greet(end, "host2", ";tls=1.0");
}

static void namesake(Rig *rig, RigEnd *end) {
        rig_greet(end, "host1", "");
        check(!end->stream);
}

TEST(failures) {
        static const Act acts[] = {wrong_token, wrong_method, wrong_framing, nothing_in_common, long_line,
                garbage_auth, tls_fails};

        for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
                if (!closes(acts[i]))
                        test_fail(__FILE__, __LINE__, "number %zu", i);
        }
}

TEST(time_outs) {
        Rig *rig = rig_new("host1", NULL);

        for (int i = 0; i < 4; i++)
                rig_octets(rig_accept_from(rig, BAD), "a", 1);
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check(strstr(rig_events(rig), "nothing is accepted from it for 1 s\n"));
        rig_free(rig);
}

TEST(no_failures) {
        static const Act acts[] = {gone_at_once, gone_in_between, gone_after_tls, namesake};

        for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
                if (closes(acts[i]))
                        test_fail(__FILE__, __LINE__, "number %zu", i);
        }
}

/* Both ends have connected, or it twice: the one that it drops, or that waits, is no failure. */
TEST(ties_are_none) {
        Rig *rig = rig_new_with("host1", seeds, tls);
        RigEnd *ours, *end;

        rig_resolve(rig, seeds[0], seeds[0]);
        ours = rig_connected(rig);
        rig_greet(ours, "host2", ";tls=1.0");
        for (int established = 0; established < 2; established++) {
                for (int i = 0; i < 5; i++) {
                        end = rig_accept_from(rig, "192.0.2.2:1234");
                        check(end);
                        end->no_tls = true;
                        rig_greet(end, "host2", ";tls=1.0");
                        rig_close(end, "Unexpected end-of-file");
                }
                if (!established)
                        rig_auth_as(ours, "tls_sha3_512", RIG_SECRET, "cbor");
        }
        check_int(node_peers_up(rig->node), ==, 1);

        /* but whoever only says that he is that node is none of them */
        for (int i = 0; i < 4; i++) {
                end = rig_accept_from(rig, BAD);
                check(end);
                end->no_tls = true;
                rig_greet(end, "host2", ";tls=1.0");
                rig_close(end, "Unexpected end-of-file");
        }
        check(!rig_accept_from(rig, BAD));
        rig_free(rig);
}

TEST(duplicates_are_none) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *first = rig_peer(rig, "host2"), *second;

        for (int i = 0; i < 6; i++) {
                second = rig_accept_from(rig, BAD);
                check(second);
                rig_greet(second, "host2", "");
                rig_auth(second, RIG_SECRET);
                rig_say(first, "[\"\",\"\"]");
                check(!second->stream);
        }
        rig_free(rig);
}

/* --- fair shares ------------------------------------------------------------------------------------- */

TEST(room_for_all) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *crowd[10], *other, *third;

        for (unsigned i = 0; i < 10; i++)
                crowd[i] = rig_accept_from(rig, BAD);
        check(!rig_accept_from(rig, BAD));
        check_str(rig_events(rig), "");

        /* the oldest of those makes room */
        other = rig_accept_from(rig, "192.0.2.9:1");
        check(other);
        check(!crowd[0]->stream && crowd[1]->stream);
        check_str(rig_events(rig),
                "CONN_REFUSED - 192.0.2.66:1 too many handshakes at once, most of them from there: it made "
                "room "
                "for another\n");
        check(!rig_accept_from(rig, BAD));
        third = rig_accept_from(rig, "192.0.2.10:1");
        check(third && !crowd[1]->stream && crowd[2]->stream);

        /* until they share it fairly */
        for (int i = 0; i < 3; i++)
                check(rig_accept_from(rig, "192.0.2.9:1"));
        check(!crowd[4]->stream && crowd[5]->stream); /* 5, 4, 1 */
        check(rig_accept_from(rig, "192.0.2.9:1"));
        check(!crowd[5]->stream && crowd[6]->stream); /* 4, 5, 1 */
        check(!rig_accept_from(rig, "192.0.2.9:1"));
        check(rig_accept_from(rig, BAD));
        check(!other->stream && third->stream);
        rig_free(rig);
}

/* Who has proved who it is, and waits for another connection, is not in a stranger's way any more. */
TEST(verified_ones_stay) {
        Rig *rig = rig_new("host1", seeds);
        RigEnd *ours, *its;

        rig_resolve(rig, seeds[0], seeds[0]);
        ours = rig_connected(rig);
        rig_greet(ours, "host2", "");
        its = rig_accept_from(rig, BAD);
        rig_greet(its, "host2", "");
        rig_auth(its, RIG_SECRET);
        for (unsigned i = 0; i < 10; i++)
                check(rig_accept_from(rig, BAD));
        check(!rig_accept_from(rig, BAD));
        for (unsigned i = 0; i < 5; i++)
                check(rig_accept_from(rig, "192.0.2.9:1"));
        check(its->stream);
        rig_close(ours, "Connection reset by peer");
        check_int(node_peers_up(rig->node), ==, 1);
        rig_free(rig);
}

/* So many different ones that fail: the table has an end, and the oldest go. */
TEST(bounded) {
        Rig *rig = rig_new("host1", NULL);

        for (unsigned i = 0; i < 5000; i++) {
                char address[64];

                snprintf(address, sizeof(address), "10.%u.%u.%u:1", i >> 16, i >> 8 & 255, i & 255);
                for (unsigned n = i == 0 || i == 4999 ? 4 : 1; n > 0; n--) {
                        check(fail(rig, address));
                        rig_forget(rig);
                }
        }
        rig_events(rig);
        check(rig_accept_from(rig, "10.0.0.0:1"));
        check(!rig_accept_from(rig, "10.0.19.135:1"));
        rig_free(rig);
}
