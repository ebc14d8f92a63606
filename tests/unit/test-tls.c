/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * TLS on a link
 *
 * Two pumps. Whom they trust: test-tls-trust.c; what others may do: test-tls-peer.c.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/tls-rig.h"

static void two_init(Two *two) {
        _cleanup_buf_ Buf pem = BUF_INIT;

        shared_certificate(&pem);
        two_init_with(two, &pem, NULL, &pem, NULL);
}

static void two_say(Two *two) {
        end_put(&two->client, OCTETS("from the client"));
        end_put(&two->server, OCTETS("from the server"));
        two_spin(two);
        check_is(buf_str(&two->server.in), "from the client");
        check_is(buf_str(&two->client.in), "from the server");
}

TEST(both_versions) {
        for (size_t i = 0; i < 2; i++) {
                Two two;

                two_init(&two);
                end_set_version(&two.client, tls_versions[i]);
                two_begin(&two);
                check(two.client.secured && two.server.secured);
                check_str(two.client.version, tls_version_name(tls_versions[i]));
                check_str(two.server.version, tls_version_name(tls_versions[i]));
                check_str(two.client.subject, "shared");
                check_str(two.server.subject, "shared");
                check_int(two.client.expires, ==, certificate_expires(two.server.certificate));
                two_say(&two);
                two_deinit(&two);
        }
}

/* What is put into the output before TLS is there goes into the first records, and not before. */
TEST(output_waits) {
        Two two;

        two_init(&two);
        end_begin(&two.client);
        end_begin(&two.server);
        sd_event_run(two.rig.room->event, 0);
        sd_event_run(two.rig.room->event, 0);
        check(two.client.stream.tls && two.server.stream.tls && !two.client.secured && !two.server.secured);
        two_say(&two);
        two_deinit(&two);
}

TEST(first_words) {
        for (size_t i = 0; i < 2; i++) {
                Two two;

                two_init(&two);
                end_set_version(&two.client, tls_versions[i]);
                two.client.word = "one";
                two.server.word = "two";
                two_begin(&two);
                check_is(buf_str(&two.server.in), "one");
                check_is(buf_str(&two.client.in), "two");
                two_deinit(&two);
        }
}

/* The plain line goes first also when the socket had no room for it. */
TEST(line_behind_a_full_socket) {
        enum { N = 1 << 20 };
        _cleanup_buf_ Buf pem = BUF_INIT;
        uint8_t *octets = calloc(1, N);
        size_t n = 0;
        ssize_t k;
        int fds[2];
        Peer peer;
        Rig rig;
        End end;

        shared_certificate(&pem);
        socket_pair(fds);
        rig_init(&rig);
        end_init(&end, &rig, &fds[0], STREAM_TLS_CLIENT, &pem, NULL);
        peer_init(&peer, &fds[1], /* client= */ false, &pem);
        end_put(&end, octets, N);
        check(end.pump.full);
        end_begin(&end);

        check_int(send(peer.fd, LINE, strlen(LINE), MSG_NOSIGNAL), ==, (ssize_t) strlen(LINE));
        rig_spin(&rig, &end, NULL);
        check_int(end.stream.tls, ==, STREAM_TLS_CLIENT);
        check_int(end.stream.plain, ==, end.stream.out.len);
        while (n < N + strlen(LINE) &&
                (k = recv(peer.fd, octets, N + strlen(LINE) - n < N ? N + strlen(LINE) - n : N, 0)) > 0) {
                n += (size_t) k;
                rig_spin(&rig, &end, NULL);
        }
        check_int(n, ==, N + strlen(LINE));
        peer_shake(&peer, &end);
        check(end.secured);

        peer_deinit(&peer);
        end_deinit(&end);
        rig_deinit(&rig);
        free(octets);
}

static void drip(int from, int to) {
        char octet;

        if (recv(from, &octet, 1, MSG_DONTWAIT) == 1)
                check_int(send(to, &octet, 1, MSG_NOSIGNAL), ==, 1);
}

TEST(octet_by_octet) {
        for (size_t i = 0; i < 2; i++) {
                _cleanup_buf_ Buf pem = BUF_INIT;
                int a[2], b[2];
                Two two;

                shared_certificate(&pem);
                socket_pair(a);
                socket_pair(b);
                rig_init(&two.rig);
                end_init(&two.client, &two.rig, &a[0], STREAM_TLS_CLIENT, &pem, NULL);
                end_init(&two.server, &two.rig, &b[0], STREAM_TLS_SERVER, &pem, NULL);
                end_set_version(&two.client, tls_versions[i]);
                two.client.word = "from the client";
                two.server.word = "from the server";
                end_begin(&two.client);
                end_begin(&two.server);

                while (two.client.in.len < 15 || two.server.in.len < 15) {
                        drip(a[1], b[1]);
                        drip(b[1], a[1]);
                        two_spin(&two);
                        check(!two.client.gone && !two.server.gone);
                }
                check_is(buf_str(&two.server.in), "from the client");
                check_is(buf_str(&two.client.in), "from the server");

                close(a[1]);
                close(b[1]);
                two_deinit(&two);
        }
}

TEST(much_to_a_slow_reader) {
        enum { ALL = 50 << 20, STEP = 1 << 20, AHEAD = 65536 + 16384 + 100 }; /* and a record */
        uint8_t *octets = malloc(STEP);
        uint64_t put = 0;
        Two two;

        two_init(&two);
        two.server.pause_at = 300000;
        two_begin(&two);

        while (two.server.n_in < ALL) {
                if (two.client.stream.out.len < STEP && put < ALL) {
                        pattern_fill(octets, put, STEP);
                        put += STEP;
                        end_put(&two.client, octets, STEP);
                }
                two_spin(&two);
                check(!two.client.gone && !two.server.gone);
                check_int(two.client.pump.filter->out.len, <, AHEAD);
                check(!two.client.stream.out.len || two.client.pump.full);
                two.server.stream.paused = false;
        }
        check_int(two.server.n_in, ==, ALL);
        check_int(two.server.sum, ==, pattern_sum(0, ALL));

        /* and nothing of it is left behind */
        two_spin(&two);
        check_int(two.client.stream.out.len, ==, 0);
        check(!two.client.pump.filter->out.head && !two.server.pump.filter->out.head);
        free(octets);
        two_deinit(&two);
}

/* Both full at once: neither waits for the other to read first. */
TEST(both_ways_at_once) {
        enum { ALL = 4 << 20 };
        uint8_t *octets = malloc(ALL);
        Two two;

        two_init(&two);
        two.client.pause_at = two.server.pause_at = 100000;
        two_begin(&two);
        pattern_fill(octets, 0, ALL);
        end_put(&two.client, octets, ALL);
        end_put(&two.server, octets, ALL);
        while (two.client.n_in < ALL || two.server.n_in < ALL) {
                two_spin(&two);
                two.client.stream.paused = two.server.stream.paused = false;
        }
        check_int(two.client.sum, ==, pattern_sum(0, ALL));
        check_int(two.server.sum, ==, pattern_sum(0, ALL));
        free(octets);
        two_deinit(&two);
}

/* --- the end ----------------------------------------------------------------------------------------- */

TEST(closing) {
        Two two;

        two_init(&two);
        two_begin(&two);
        two.client.stream.paused = true;
        two_spin(&two);
        end_put(&two.server, OCTETS("before the end"));
        check_int(queue_put(&two.client.stream.out, OCTETS("last words")), ==, 0);
        end_close(&two.client);
        two_spin(&two);
        check_is(buf_str(&two.client.in), "before the end"); /* it had arrived */
        check_is(buf_str(&two.server.in), "last words");
        check_str(two.client.why, EOF_TEXT);
        check_str(two.server.why, EOF_TEXT);
        two_deinit(&two);
}

TEST(closing_a_full_socket) {
        enum { ALL = 8 << 20 };
        uint8_t *octets = malloc(ALL);
        Two two;

        two_init(&two);
        two_begin(&two);
        pattern_fill(octets, 0, ALL);
        two.server.stream.paused = true;
        two_spin(&two);
        end_put(&two.client, octets, ALL);
        end_close(&two.client);
        check(two.client.gone);
        two.server.pause_at = ALL * 2;
        two_spin(&two); /* a record that was cut in its middle gives nothing */
        check_str(two.server.why, EOF_TEXT);
        check_int(two.server.n_in, >, 0);
        check_int(two.server.sum, ==, pattern_sum(0, two.server.n_in));
        free(octets);
        two_deinit(&two);
}

/* The other side is gone when we write: what it had said is read all the same. */
TEST(last_words) {
        Two two;

        two_init(&two);
        two_begin(&two);
        two.client.stream.paused = true;
        two_spin(&two);
        end_put(&two.server, OCTETS("one"));
        end_put(&two.server, OCTETS("two"));
        pump_end(&two.server.pump, "killed");
        end_put(&two.client, OCTETS("hello?"));
        check_int(two.client.pump.error, ==, EPIPE);
        two_spin(&two);
        check_is(buf_str(&two.client.in), "onetwo");
        check_str(two.client.why, EOF_TEXT);
        two_deinit(&two);
}

TEST(closing_in_the_handshake) {
        for (unsigned steps = 0; steps < 8; steps++) {
                Two two;

                two_init(&two);
                end_begin(&two.client);
                end_begin(&two.server);
                for (unsigned i = 0; i < steps; i++)
                        sd_event_run(two.rig.room->event, 0);
                end_close(&two.client);
                two_spin(&two);
                check(two.client.gone);
                check_str(two.server.why, EOF_TEXT);
                two_deinit(&two);
        }
}

TEST(without_filter) {
        Two two;

        two_init(&two);
        two.client.pump.filter_new = NULL;
        two_begin(&two);
        check_str(two.client.why, "Protocol not supported");
        check_str(two.server.why, EOF_TEXT);
        two_deinit(&two);
}
