/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Corners: two things in one turn, limits that meet, what comes in the moment between. Each of these was
 * wrong once.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"
#include "wire/json.h"

static const char *const seeds[] = {"192.0.2.2:4040", NULL};
static Rig *rig;
static RigEnd *hub, *a;

static void start_with(const char *const *s, void (*change)(NodeConfig *)) {
        rig = rig_new_with("host1", s, change);
        a = rig_client(rig, "x");
        rig_resolve(rig, s[0], "192.0.2.2:4040");
        hub = rig_connected(rig);
        rig_greet(hub, "hub", "");
        rig_line(hub);
        rig_auth(hub, RIG_SECRET);
        rig_heard(hub);
        rig_events(rig);
}
static void start(void) {
        start_with(seeds, NULL);
}

/* input without a turn: several events within one turn of the daemon */
static void raw(RigEnd *end, const char *json) {
        _cleanup_buf_ Buf cbor = BUF_INIT;
        if (end->json) {
                stream_input(end->stream, (const uint8_t *) json, strlen(json));
                return;
        }
        check_int(json_to_cbor((const uint8_t *) json, strlen(json), &cbor), ==, 0);
        stream_input(end->stream, cbor.data, cbor.len);
}

/* the attempt failed, something was dropped, and the node comes up before the tick: a hole */
TEST(hole_when_up_before_the_tick) {
        RigEnd *its;
        const char *h;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"][\"host3#p\",1]");
        its = rig_accept(rig);
        its->held = true;
        rig_greet(its, "host3", "");
        rig_auth(its, RIG_SECRET);
        /* one turn: */
        raw(hub, "[\"\",\"g_found\",\"host3\",null]");
        raw(a, "[\"host3#p\",2][\"\",\"mon1\",\"host3#q\"]");
        stream_input(its->stream, its->out.data, its->out.len);
        rig_turn(rig);
        its->held = false;
        raw(a, "[\"host3#p\",3]");
        rig_turn(rig);
        rig_line(its);
        h = rig_heard(its);
        check(!(strstr(h, "3]") && !strstr(h, "2]")) || strstr(rig_heard(a), "kil0"));
        rig_free(rig);
}

/* same root: mon1 swallowed, monitor can never fire by the port's death */
TEST(monitor_swallowed) {
        RigEnd *its;
        const char *h;

        start();
        rig_say(a, "[\"host3#p\",1]");
        its = rig_accept(rig);
        its->held = true;
        rig_greet(its, "host3", "");
        rig_auth(its, RIG_SECRET);
        raw(hub, "[\"\",\"g_found\",\"host3\",null]");
        raw(a, "[\"\",\"mon1\",\"host3#q\"]");
        stream_input(its->stream, its->out.data, its->out.len);
        rig_turn(rig);
        its->held = false;
        rig_line(its);
        h = rig_heard(its);
        check(strstr(h, "mon1") || strstr(rig_heard(a), "kil0"));
        rig_free(rig);
}

static RigEnd *cbor_client(Rig *r) {
        RigEnd *end = rig_attach(r, 0);
        const char *p;

        end->json = false;
        rig_octets(end, "aemp-client;1;c;;cbor\n", 22);
        p = strstr(rig_line(end), ";prefix=");
        snprintf(end->prefix, sizeof(end->prefix), "%.*s", (int) strcspn(p + 8, ";"), p + 8);
        return end;
}
static bool has_odd(RigEnd *end) { /* simple(99): f8 63 */
        return memmem(end->in.data, end->in.len, "\xf8\x63", 2) != NULL;
}
static void put(RigEnd *end, const char *const *strs, size_t n) {
        _cleanup_buf_ Buf b = BUF_INIT;
        cbor_put_array(&b, n + 1);
        for (size_t i = 0; i < n; i++)
                cbor_put_text(&b, str_from(strs[i]));
        buf_put(&b, "\xf8\x63", 2);
        rig_octets(end, b.data, b.len);
}

/* octets a Perl peer can't decode */
TEST(odd_in_plain_message_is_cleaned) { /* control */
        RigEnd *p, *c;
        rig = rig_new("host1", NULL);
        p = rig_peer(rig, "host2");
        c = cbor_client(rig);
        put(c, (const char *const[]){"host2#p"}, 1);
        check(p->in.len > 0 && !has_odd(p));
        rig_free(rig);
}
TEST(odd_in_reply) {
        RigEnd *p, *c;
        rig = rig_new("host1", NULL);
        p = rig_peer(rig, "host2");
        c = cbor_client(rig);
        put(c, (const char *const[]){"", "time", "host2#p"}, 3);
        check(p->in.len > 0);
        check(!has_odd(p));
        rig_free(rig);
}
TEST(odd_in_kil1) {
        RigEnd *p, *c;
        rig = rig_new("host1", NULL);
        p = rig_peer(rig, "host2");
        c = cbor_client(rig);
        put(c, (const char *const[]){"", "kil1", "host2#p"}, 3);
        check(p->in.len > 0);
        check(!has_odd(p));
        rig_free(rig);
}
TEST(odd_in_kil0) {
        RigEnd *p, *c;
        char name[100];
        rig = rig_new("host1", NULL);
        p = rig_peer(rig, "host2");
        c = cbor_client(rig);
        snprintf(name, sizeof(name), "%sp", c->prefix);
        rig_say(p, "[\"\",\"mon1\",\"%s\"]", name);
        put(c, (const char *const[]){"", "kil0", name}, 3);
        check(p->in.len > 0);
        check(!has_odd(p));
        rig_free(rig);
}

/* an attempt that fails while the next name is looked up cancels that lookup */
TEST(lookup_survives_a_failure) {
        RigEnd *end;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\",\"three.example:2\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_sleep(rig, 2 * USEC_PER_SEC); /* the next one is due: its name is being looked up */
        rig_close(rig->connects[0], "No route to host");
        check_str(rig_heard(a), "");
        rig_resolve(rig, "three.example:2", "192.0.2.3:2");
        end = rig_connected(rig);
        rig_greet(end, "host3", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        check_str(rig_heard(end), "[\"\",\"mon1\",\"p\"]\n");
        rig_free(rig);
}

/* addresses of an attempt that failed are used for ever, nobody is asked again */
TEST(stale_addresses) {
        RigEnd *end;

        start();
        end = rig_peer(rig, "host3");
        rig_close(end, "x"); /* was up, so it is remembered for ten minutes */
        for (unsigned i = 0; i < 3; i++) {
                rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
                if (i == 0) {
                        check_str(rig_heard(hub), "[\"\",\"g_find\",\"host3\"]\n");
                        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]"); /* its old one */
                } else {
                        check_str(rig_heard(hub), "[\"\",\"g_find\",\"host3\"]\n");
                        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:2\"]]");
                }
                rig_resolve(rig, i == 0 ? "192.0.2.3:1" : "192.0.2.3:2", "192.0.2.3:9");
                rig_close(rig->connects[0], "Connection refused");
                check(strstr(rig_heard(a), "Connection refused"));
                rig_say(a, "[\"\",\"down\",\"host3\"]");
        }
        rig_free(rig);
}

/* a message to a client whose line has not come is written before the answer to that line */
TEST(message_before_the_attach_line) {
        RigEnd *b;
        char pre[64];

        rig = rig_new("host1", NULL);
        a = rig_client(rig, "x"); /* client 1 */
        b = rig_attach(rig, 5);   /* client 2, says nothing yet */
        snprintf(pre, sizeof(pre), "%.*s2.", (int) (strlen(a->prefix) - 2), a->prefix);
        rig_say(a, "[\"host1#%sp\",\"hello\"]", pre);
        rig_say(a, "[\"\",\"mon1\",\"host1#%sp\"]", pre);
        rig_octets(b, "aemp-client;1;b;;json\n", 22);
        check(strncmp(rig_line(b), "aemp-client;1;host1", 19) == 0);
        rig_free(rig);
}

/* the daemon ends while one client waits for another: list_unlink() in freed memory */
TEST(end_while_stalled) {
        RigEnd *b, *c;
        static char filler[1001];

        memset(filler, 'x', 1000);
        rig = rig_new("host1", NULL);
        b = rig_client(rig, "slow");
        c = rig_client(rig, "fast");
        b->slow = true;
        while (!c->stream->paused)
                rig_say(c, "[\"host1#%sx\",\"%s\"]", b->prefix, filler);
        b->stream = c->stream = NULL; /* abandoned, as daemon_free() does */
        rig_free(rig);
}

/* held one's handshake deadline and the probe's in one tick: both go */
TEST(held_one_times_out_with_the_probe) {
        RigEnd *first, *second;

        rig = rig_new("host1", NULL);
        first = rig_peer(rig, "host2");
        second = rig_accept(rig);
        rig_greet(second, "host2", "");
        rig_sleep(rig, 4 * USEC_PER_SEC);
        rig_auth(second, RIG_SECRET);    /* probe is due with its handshake's deadline */
        rig->now += USEC_PER_SEC + 1000; /* one tick for both */
        rig_turn(rig);
        check(first->stream || second->stream);
        rig_free(rig);
}

/* a seed that nobody tries any more */
TEST(seed_without_a_timer) {
        RigEnd *end, *in;

        rig = rig_new("host1", seeds);
        rig_resolve(rig, seeds[0], seeds[0]);
        end = rig_connected(rig);
        rig_greet(end, "host2", ""); /* the seed is host2 */
        rig_close(end, "x");
        rig_sleep(rig, 2400 * USEC_PER_MSEC); /* second round */
        rig_resolve(rig, seeds[0], seeds[0]);
        check_int(rig->n_connects, ==, 1);
        in = rig_peer(rig, "host2");          /* it is up by itself: no open seed */
        rig_sleep(rig, 4800 * USEC_PER_MSEC); /* third round: none is open, the timer stops */
        end = rig_connected(rig);
        rig_greet(end, "host9", ""); /* now another node is there */
        rig_line(end);
        check_int(rig->n_lookups, ==, 0);
        rig_close(end, "x");
        rig_sleep(rig, 120 * USEC_PER_SEC);
        check(rig->n_lookups > 0);
        (void) in;
        rig_free(rig);
}

/* one message, smaller than max_message, cuts a JSON client that reads */
TEST(one_large_message) {
        RigEnd *c;
        _cleanup_buf_ Buf b = BUF_INIT;
        char to[100];
        uint8_t *z;

        rig = rig_new("host1", NULL);
        a = rig_client(rig, "json");
        c = cbor_client(rig);
        snprintf(to, sizeof(to), "host1#%sp", a->prefix);
        z = calloc(1, 12000);
        cbor_put_array(&b, 2);
        cbor_put_text(&b, str_from(to));
        cbor_put_bytes(&b, z, 12000); /* 72 KB as JSON; the limits here: 64 KB hard, 1 MB max_message */
        free(z);
        rig_octets(c, b.data, b.len);
        check(a->stream);
        rig_free(rig);
}

/* how long can a monitor wait? */
TEST(dial_has_an_end) {
        unsigned s;
        _cleanup_buf_ Buf t = BUF_INIT;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        buf_printf(&t, "[\"\",\"g_found\",\"host3\",[");
        for (unsigned i = 0; i < 64; i++)
                buf_printf(&t, "%s\"n%u.example:1\"", i ? "," : "", i);
        buf_printf(&t, "]]");
        buf_putc(&t, 0);
        rig_say(hub, "%s", (char *) t.data);
        for (s = 0; s < 2000; s++) {
                rig->n_lookups = 0;
                rig_sleep(rig, USEC_PER_SEC);
                if (strstr(rig_heard(a), "kil0"))
                        break;
        }
        check_int(s, <=, 60);
        rig_free(rig);
}

/* contacts that nothing frees: monitors refused for the limit */
static void few(NodeConfig *c) {
        c->max_monitors = 2;
        c->max_contacts = 5;
}
TEST(contacts_leak) {
        start_with(seeds, few);
        rig_say(a, "[\"\",\"mon1\",\"hub#1\"][\"\",\"mon1\",\"hub#2\"]");
        for (unsigned i = 0; i < 10; i++)
                rig_say(a, "[\"\",\"mon1\",\"n%u#p\"]", i);
        rig_heard(a);
        rig_say(a, "[\"\",\"mon0\",\"hub#1\"]");
        rig_sleep(rig, 1000 * USEC_PER_SEC);
        rig_say(a, "[\"host3#p\",1]");
        rig_heard(a);
        rig_heard(hub);
        rig_say(a, "[\"host4#p\",1]");
        check(!strstr(rig_heard(a), "limit"));
        rig_free(rig);
}

/* one client uses up all dials of the node */
static void two(NodeConfig *c) {
        c->max_contacts = 2;
}
TEST(one_client_takes_all_dials) {
        RigEnd *b;
        start_with(seeds, two);
        b = rig_client(rig, "other");
        rig_say(a, "[\"bogus1#p\",1][\"bogus2#p\",1]");
        rig_say(b, "[\"host3#p\",1]");
        check(!strstr(rig_heard(b), "too many connection attempts"));
        rig_free(rig);
}

/* little time between addresses is not little time for each */
static void hurried(NodeConfig *c) {
        c->monitor_timeout = 2500 * USEC_PER_MSEC;
}
TEST(a_slow_handshake_is_waited_for) {
        RigEnd *end;

        start_with(seeds, hurried);
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_sleep(rig, 1500 * USEC_PER_MSEC);
        end = rig_connected(rig);
        rig_greet(end, "host3", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        check_str(rig_heard(end), "[\"\",\"mon1\",\"p\"]\n");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* and who has answered has the time that a handshake has */
TEST(a_handshake_under_way_is_no_failure) {
        RigEnd *end;

        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        end = rig_connected(rig);
        rig_sleep(rig, 3 * USEC_PER_SEC);
        check_str(rig_heard(a), "");
        rig_greet(end, "host3", "");
        rig_line(end);
        rig_auth(end, RIG_SECRET);
        check_str(rig_heard(end), "[\"\",\"mon1\",\"p\"]\n");
        rig_free(rig);
}

TEST(but_not_for_ever) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host3#p\"]");
        rig_say(hub, "[\"\",\"g_found\",\"host3\",[\"192.0.2.3:1\"]]");
        rig_resolve(rig, "192.0.2.3:1", "192.0.2.3:1");
        rig_connected(rig);
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check(strstr(rig_heard(a), "[\"\",\"kil0\",\"host3#p\",\"transport_error\",\"host3\","));
        rig_free(rig);
}
