/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Queues that fill: high 4096 and hard 65536 octets for a client, 8192 and 131072 for a peer.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *b;
static char filler[1001];

static void start(void) {
        rig = rig_new("host1", NULL);
        a = rig_client(rig, "fast");
        b = rig_client(rig, "slow");
        b->slow = true;
        memset(filler, 'x', 1000);
        rig_events(rig);
}

TEST(sender_pauses_and_goes_on) {
        unsigned n = 0;

        start();
        for (; !a->stream->paused; n++)
                rig_say(a, "[\"host1#%sx\",\"%s\"]", b->prefix, filler);
        check_int(n, ==, 5);
        check(!b->stream->paused);
        b->slow = false;
        rig_say(b, "[]");
        node_set_time(rig->node, rig->now, 1);
        stream_sent(b->stream, 0);
        check(b->stream->out.len > 0 && a->stream->paused);
        stream_sent(b->stream, b->stream->out.len);
        check(!a->stream->paused);
        rig_free(rig);
}

TEST(sender_goes_on_when_the_slow_one_is_gone) {
        start();
        while (!a->stream->paused)
                rig_say(a, "[\"host1#%sx\",\"%s\"]", b->prefix, filler);
        rig_close(b, "x");
        check(!a->stream->paused);
        rig_free(rig);
}

TEST(sender_gone_while_paused) {
        start();
        while (!a->stream->paused)
                rig_say(a, "[\"host1#%sx\",\"%s\"]", b->prefix, filler);
        rig_close(a, "x");
        stream_sent(b->stream, b->stream->out.len);
        rig_free(rig);
}

TEST(network_is_not_paused_but_the_slow_one_is_cut) {
        RigEnd *peer;
        unsigned n = 0;

        start();
        peer = rig_peer(rig, "host2");
        rig_say(peer, "[\"\",\"mon1\",\"%sx\"]", b->prefix);
        rig_events(rig);
        for (; b->stream; n++) {
                rig_say(peer, "[\"%sx\",\"%s\"]", b->prefix, filler);
                check(!peer->stream->paused);
                check_int(n, <, 100);
        }
        check_int(n, >=, 60);
        {
                char expected[200];

                snprintf(expected, sizeof(expected), "[\"\",\"kil0\",\"%sx\",\"too_slow\",\"slow\",101]\n",
                        b->prefix);
                check_str(rig_heard(peer), expected);
        }
        check_str(rig_events(rig),
                "SLOW - slow[101] does not read what is sent to it\nCLIENT_DETACHED - slow[101] too_slow\n");
        rig_free(rig);
}

TEST(slow_peer_is_cut) {
        RigEnd *peer;

        start();
        peer = rig_peer(rig, "host2");
        rig_say(a, "[\"\",\"mon1\",\"host2#p\"]");
        peer->slow = true;
        for (unsigned n = 0; !a->stream->paused; n++) {
                check_int(n, <, 20);
                rig_say(a, "[\"host2#p\",\"%s\"]", filler);
        }
        /* a client that is paused may still have been read from; a second connection of the network is not
         * paused at all */
        for (unsigned n = 0; peer->stream; n++) {
                check_int(n, <, 200);
                rig_say(a, "[\"host2#p\",\"%s\"]", filler);
        }
        check(strstr(rig_heard(a),
                "[\"\",\"kil0\",\"host2#p\",\"transport_error\",\"host2\",\"too slow: does not read what is "
                "sent to it\"]\n"));
        check(strstr(rig_events(rig), "SLOW host2 192.0.2.1:1003 does not read what is sent to it\n"));
        check(!a->stream->paused);
        rig_free(rig);
}
