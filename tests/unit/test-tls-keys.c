/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * TLS on a link: new keys
 *
 * With a tls.c of its own that asks for them after 50 records, instead of millions.
 */

#include <openssl/err.h>
#include <openssl/ssl3.h>
#include <stdlib.h>

#include "tests/unit/test.h"
#include "tests/unit/tls-rig.h"

enum { RECORDS = 50, ALL = 1000 };

typedef struct Updates {
        unsigned ours, theirs; /* KeyUpdates that the peer got and sent */
} Updates;

static void on_message(int write, int version, int type, const void *data, size_t n, SSL *ssl, void *arg) {
        const uint8_t *octets = data;
        Updates *updates = arg;

        if (type == SSL3_RT_HANDSHAKE && n > 0 && octets[0] == SSL3_MT_KEY_UPDATE)
                (*(write ? &updates->theirs : &updates->ours))++;
}

typedef struct Other {
        Rig rig;
        End end;
        Peer peer;
        Updates updates;
} Other;

static void other_init(Other *other, bool peer_is_client, int version) {
        _cleanup_buf_ Buf pem = BUF_INIT;
        int fds[2];

        shared_certificate(&pem);
        socket_pair(fds);
        rig_init(&other->rig);
        other->updates = (Updates){};
        end_init(&other->end, &other->rig, &fds[0], peer_is_client ? STREAM_TLS_SERVER : STREAM_TLS_CLIENT,
                &pem, NULL);
        peer_init(&other->peer, &fds[1], peer_is_client, &pem);
        check(SSL_set_max_proto_version(other->peer.ssl, version));
        SSL_set_msg_callback(other->peer.ssl, on_message);
        SSL_set_msg_callback_arg(other->peer.ssl, &other->updates);

        end_begin(&other->end);
        peer_begin(&other->peer);
        rig_spin(&other->rig, &other->end, NULL);
        peer_shake(&other->peer, &other->end);
        check(other->end.secured);
}

static void other_spin(Other *other) {
        rig_spin(&other->rig, &other->end, NULL);
        (void) peer_step(&other->peer);
        rig_spin(&other->rig, &other->end, NULL);
        check(!other->end.gone && !other->peer.error);
}

static void other_deinit(Other *other) {
        peer_deinit(&other->peer);
        end_deinit(&other->end);
        rig_deinit(&other->rig);
}

static void check_updates(unsigned n, int version) {
        if (version == TLS1_2_VERSION) {
                check_int(n, ==, 0);
                return;
        }
        check_int(n, >=, ALL / RECORDS - 2); /* each with what comes next */
        check_int(n, <=, ALL / RECORDS);
}

TEST(of_what_we_write) {
        for (size_t i = 0; i < 4; i++) {
                int version = tls_versions[i / 2];
                Other other;

                other_init(&other, /* peer_is_client= */ i % 2, version);
                for (unsigned k = 0; k < ALL; k++) {
                        end_put(&other.end, "x", 1);
                        other_spin(&other);
                }
                check_int(other.peer.in.len, ==, ALL);
                check_updates(other.updates.ours, version);
                check_updates(other.updates.theirs, version); /* it is asked for them */
                other_deinit(&other);
        }
}

TEST(of_what_we_read) {
        for (size_t i = 0; i < 4; i++) {
                int version = tls_versions[i / 2];
                Other other;

                other_init(&other, /* peer_is_client= */ i % 2, version);
                for (unsigned k = 0; k < ALL; k++) {
                        check_int(SSL_write(other.peer.ssl, "x", 1), ==, 1);
                        other_spin(&other);
                }
                check_int(other.end.in.len, ==, ALL);
                check_updates(other.updates.ours, version);
                check_updates(other.updates.theirs, version);
                other_deinit(&other);
        }
}

/* Both ask, both ways are full, and nothing gets lost or mixed up. */
TEST(two_of_us) {
        enum { MUCH = 8 << 20 };
        _cleanup_buf_ Buf pem = BUF_INIT;
        uint8_t *octets = malloc(MUCH);
        Two two;

        shared_certificate(&pem);
        two_init_with(&two, &pem, NULL, &pem, NULL);
        two.client.pause_at = two.server.pause_at = 100000;
        two_begin(&two);
        pattern_fill(octets, 0, MUCH);
        end_put(&two.client, octets, MUCH);
        end_put(&two.server, octets, MUCH);
        while (two.client.n_in < MUCH || two.server.n_in < MUCH) {
                two_spin(&two);
                check(!two.client.gone && !two.server.gone);
                two.client.stream.paused = two.server.stream.paused = false;
        }
        check_int(two.client.sum, ==, pattern_sum(0, MUCH));
        check_int(two.server.sum, ==, pattern_sum(0, MUCH));
        free(octets);
        two_deinit(&two);
}
