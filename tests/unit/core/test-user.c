/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What one user, or one peer, may have: clients, and what waits for nodes that are not up. Queues: 8192
 * octets a peer, so 32768 a user.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

static Rig *rig;
static char filler[1001];

static void five_clients(NodeConfig *config) {
        config->max_clients = 5;
}

static void start(void) {
        static const char *const seeds[] = {"seed.example:4040", NULL};

        /* somebody may know where nodes listen, so that attempts last for a while */
        rig = rig_new("host1", seeds);
        memset(filler, 'x', 1000);
}

static void check_refused(uid_t uid) {
        RigEnd *end = rig_attach(rig, uid);

        rig_turn(rig);
        check_str(rig_line(end), "error;this user has as many clients as one user may");
        check(!end->stream);
}

TEST(half_of_the_clients) {
        RigEnd *ends[5];

        rig = rig_new_with("host1", NULL, five_clients);
        for (unsigned i = 0; i < 3; i++)
                ends[i] = rig_client_of(rig, "x", 1000, "");
        rig_events(rig);
        check_refused(1000);
        check_str(
                rig_events(rig), "CLIENT_REFUSED - ?[103] this user has as many clients as one user may\n");
        ends[3] = rig_client_of(rig, "x", 1001, "");
        ends[4] = rig_client_of(rig, "x", 1002, "");
        check_int(node_clients(rig->node), ==, 5);
        rig_close(ends[0], "x");
        rig_client_of(rig, "x", 1000, "");
        rig_close(ends[4], "x");
        check_refused(1000);
        rig_free(rig);
}

/* Also those that said nothing yet. */
TEST(silent_clients_count) {
        rig = rig_new_with("host1", NULL, five_clients);
        for (unsigned i = 0; i < 3; i++)
                rig_attach(rig, 1000);
        check_refused(1000);
        rig_sleep(rig, 5 * USEC_PER_SEC);
        rig_client_of(rig, "x", 1000, "");
        rig_free(rig);
}

TEST(root_and_aempd_itself_have_no_share) {
        Stream *stream;

        rig = rig_new_with("host1", NULL, five_clients);
        for (unsigned i = 0; i < 4; i++)
                rig_client_of(rig, "x", i % 2 ? 0 : 7, "");
        rig_client(rig, "x");
        check_int(node_attach(rig->node, &(ClientCreds){}, &stream), <, 0);
        rig_free(rig);

        rig = rig_new_with("host1", NULL, five_clients);
        for (unsigned i = 0; i < 5; i++)
                rig_client_of(rig, "x", 7, "");
        rig_free(rig);
}

/* Who has not sent its line is no client yet. */
TEST(status_counts_who_is_attached) {
        RigEnd *a;

        start();
        a = rig_client(rig, "first");
        rig_attach(rig, 0);
        rig_attach(rig, 1000);
        check_int(rig_counter(a, "clients"), ==, 1);
        check_int(node_clients(rig->node), ==, 1);
        check(!strstr(rig_ask(a, "\"aempd::clients\""), "},{"));
        rig_client(rig, "second");
        check_int(rig_counter(a, "clients"), ==, 2);
        check(strstr(rig_ask(a, "\"aempd::clients\""), "},{"));
        rig_free(rig);
}

static void fill(RigEnd *end, const char *node) {
        rig_say(end, "[\"%s#p\",\"%s\"]", node, filler);
}

/* Sends 1 KB after the other there until it is paused; returns how many. */
static unsigned fill_up(RigEnd *end, const char *node) {
        unsigned n = 0;

        for (; !end->stream->paused; n++) {
                check_int(n, <, 100);
                fill(end, node);
        }

        return n;
}

/* One node's queue alone holds less. */
TEST(unsent_of_a_user) {
        RigEnd *a, *b, *c;
        char name[10];

        start();
        a = rig_client_of(rig, "first", 1000, "");
        b = rig_client_of(rig, "second", 1000, "");
        c = rig_client_of(rig, "third", 1001, "");
        for (unsigned i = 0; i < 32; i++) {
                snprintf(name, sizeof(name), "node%u", i / 4);
                fill(i % 2 ? a : b, name);
                check(!a->stream->paused && !b->stream->paused);
        }
        fill(a, "node8");
        check(a->stream->paused);
        /* the other one of that user when it adds to it, and not before; another user's not at all */
        check(!b->stream->paused);
        rig_say(b, "[\"host1#%sx\"]", a->prefix);
        check(!b->stream->paused);
        fill(b, "node8");
        check(b->stream->paused);
        fill(c, "node8");
        check(!c->stream->paused);

        /* the attempts end, and all of it is lost: with notice, and without a stop for ever */
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(!a->stream->paused && !b->stream->paused);
        check(strstr(rig_heard(a), "[\"\",\"down\",\"node8\","));
        check(strstr(rig_heard(b), "[\"\",\"down\",\"node8\","));
        rig_free(rig);
}

/* Who waits for something else as well is not read from before both are over. */
TEST(unsent_and_something_else) {
        RigEnd *a, *b;

        start();
        a = rig_client_of(rig, "first", 1000, "");
        b = rig_client_of(rig, "second", 1001, "");
        b->slow = true;
        a->held = true;
        for (unsigned i = 0; i < 6; i++)
                rig_say(a, "[\"host1#%sx\",\"%s\"]", b->prefix, filler);
        for (unsigned i = 0; i < 33; i++)
                rig_say(a, "[\"node%u#p\",\"%s\"]", i / 4, filler);
        rig_release(a);
        check(a->stream->paused);
        stream_sent(b->stream, b->stream->out.len);
        check(a->stream->paused);
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(!a->stream->paused);
        rig_free(rig);
}

TEST(unsent_until_it_is_up) {
        RigEnd *a, *peer;
        char name[10];

        start();
        a = rig_client_of(rig, "first", 1000, "");
        for (unsigned i = 0; i < 5; i++) {
                snprintf(name, sizeof(name), "node%u", i);
                for (unsigned k = 0; k < 7 && !a->stream->paused; k++)
                        fill(a, name);
        }
        check(a->stream->paused);
        peer = rig_peer(rig, "node0");
        peer = rig_peer(rig, "node1");
        check(a->stream->paused); /* above the half */
        peer = rig_peer(rig, "node2");
        check(!a->stream->paused);
        check(strlen(rig_heard(peer)) > 7000);
        rig_free(rig);
}

/* Who comes again has what it left behind. */
TEST(unsent_of_clients_that_are_gone) {
        RigEnd *a;
        char name[10];

        start();
        for (unsigned i = 0; i < 4; i++) {
                snprintf(name, sizeof(name), "node%u", i);
                a = rig_client_of(rig, "first", 1000, "");
                check_int(fill_up(a, name), ==, i < 3 ? 9 : 6);
                rig_close(a, "x");
        }
        a = rig_client_of(rig, "first", 1000, "");
        fill(a, "node9");
        check(a->stream->paused);
        rig_sleep(rig, 10 * USEC_PER_SEC);
        check(!a->stream->paused);
        rig_free(rig);
}

/* What a peer relays is its own; it can't be paused, so the nodes concerned are given up. */
TEST(unsent_of_a_peer) {
        RigEnd *a, *peer, *other;

        start();
        a = rig_client(rig, "first");
        peer = rig_peer(rig, "host2");
        other = rig_peer(rig, "host3");
        rig_say(a, "[\"node0#p\",\"mine\"][\"\",\"mon1\",\"node0#p\"][\"node1#p\",\"mine\"]");
        for (unsigned i = 0; i < 32; i++)
                rig_say(peer, "[\"\",\"snd\",\"node%u#p\",\"%s\"]", i % 2, filler);
        rig_say(other, "[\"\",\"snd\",\"node0#p\",\"%s\"]", filler);
        check_str(rig_heard(a), "");
        rig_events(rig);
        rig_say(peer, "[\"\",\"snd\",\"node0#p\",\"%s\"]", filler);
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"node0#p\",\"transport_error\",\"node0\",\"too many messages that were "
                "relayed wait for it\"]\n"
                "[\"\",\"down\",\"node0\",\"transport_error\",\"node0\",\"too many messages that were "
                "relayed "
                "wait for it\"]\n");
        check_str(
                rig_events(rig), "CONNECT_FAILED node0 - too many messages that were relayed wait for it\n");
        check(peer->stream);
        /* what is with the other node still counts */
        for (unsigned i = 0; i < 10; i++)
                rig_say(peer, "[\"\",\"time\",\"node1#p\",\"%s\"]", filler);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

/* It is remembered for as long as that is. */
TEST(unsent_of_a_peer_that_is_gone) {
        RigEnd *root, *peer;

        start();
        root = rig_client(rig, "root");
        peer = rig_peer(rig, "host2");
        rig_say(peer, "[\"\",\"snd\",\"node0#p\",\"%s\"]", filler);
        rig_close(peer, "x");
        rig_sleep(rig, 3600 * USEC_PER_SEC);
        check(!strstr(rig_ask(root, "\"aempd::nodes\""), "host2"));
        rig_free(rig);
}

/* The node goes with everything in it. */
TEST(end_with_much_that_waits) {
        RigEnd *a, *peer, *other;

        start();
        a = rig_client_of(rig, "first", 1000, "");
        peer = rig_peer(rig, "host2");
        other = rig_peer(rig, "host3");
        fill(a, "node0");
        rig_say(peer, "[\"\",\"snd\",\"node0#p\",\"%s\"]", filler);
        rig_say(other, "[\"\",\"snd\",\"node1#p\",\"%s\"]", filler);
        rig_close(peer, "x");
        rig_say(other, "[\"\",\"snd\",\"host2#p\",\"%s\"]", filler);
        rig_free(rig);
}
