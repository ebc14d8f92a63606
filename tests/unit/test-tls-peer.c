/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * TLS on a link: other sides
 *
 * OpenSSL by itself, which does what no pump would.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/net/tls-error.h"
#include "tests/unit/test.h"
#include "tests/unit/tls-rig.h"

typedef struct Odd {
        Rig rig;
        End end;
        Peer peer;
} Odd;

static void odd_init_with(Odd *odd, bool peer_is_client, bool with_certificate) {
        _cleanup_buf_ Buf pem = BUF_INIT;
        int fds[2];

        shared_certificate(&pem);
        socket_pair(fds);
        rig_init(&odd->rig);
        end_init(&odd->end, &odd->rig, &fds[0], peer_is_client ? STREAM_TLS_SERVER : STREAM_TLS_CLIENT, &pem,
                NULL);
        peer_init(&odd->peer, &fds[1], peer_is_client, with_certificate ? &pem : NULL);
}

static void odd_init(Odd *odd, bool peer_is_client) {
        odd_init_with(odd, peer_is_client, /* with_certificate= */ true);
}

static void odd_begin(Odd *odd) {
        end_begin(&odd->end);
        peer_begin(&odd->peer);
        rig_spin(&odd->rig, &odd->end, NULL);
}

static void odd_shake(Odd *odd) {
        odd_begin(odd);
        peer_shake(&odd->peer, &odd->end);
        check(odd->end.secured);
}

static void odd_spin(Odd *odd) {
        rig_spin(&odd->rig, &odd->end, NULL);
        (void) peer_step(&odd->peer);
        rig_spin(&odd->rig, &odd->end, NULL);
}

static void odd_deinit(Odd *odd) {
        peer_deinit(&odd->peer);
        end_deinit(&odd->end);
        rig_deinit(&odd->rig);
}

static void odd_send(Odd *odd, const void *octets, size_t n) {
        check_int(send(odd->peer.fd, octets, n, MSG_NOSIGNAL), ==, (ssize_t) n);
}

/* What OpenSSL writes is kept in memory from now on. */
static void odd_hold(Odd *odd) {
        SSL_set0_wbio(odd->peer.ssl, BIO_new(BIO_s_mem()));
}

static void odd_take(Odd *odd, Buf *to) {
        BIO *bio = SSL_get_wbio(odd->peer.ssl);
        char *data;
        long n = BIO_get_mem_data(bio, &data);

        buf_put(to, data, (size_t) n);
        check_int(BIO_reset(bio), ==, 1);
}

static void odd_release(Odd *odd, const Buf *held) {
        SSL_set0_wbio(odd->peer.ssl, BIO_new_socket(odd->peer.fd, BIO_NOCLOSE));
        odd_send(odd, held->data, held->len);
}

static void check_works(Odd *odd) {
        buf_reset(&odd->end.in);
        buf_reset(&odd->peer.in);
        check_int(SSL_write(odd->peer.ssl, "to the end", 10), ==, 10);
        end_put(&odd->end, OCTETS("to the peer"));
        odd_spin(odd);
        check_is(buf_str(&odd->end.in), "to the end");
        check_is(buf_str(&odd->peer.in), "to the peer");
}

/* With whatever it has on: tickets, too. */
TEST(openssl) {
        for (int client = 0; client < 2; client++)
                for (size_t i = 0; i < 2; i++) {
                        Odd odd;

                        odd_init(&odd, client);
                        check(SSL_set_max_proto_version(odd.peer.ssl, tls_versions[i]));
                        odd_shake(&odd);
                        check_str(odd.end.version, tls_version_name(tls_versions[i]));
                        check_works(&odd);
                        odd_deinit(&odd);
                }
}

/* A stranger must not choose how long we calculate. */
TEST(groups) {
        static const struct {
                const char *list;
                bool works;
        } groups[] = {{"X25519", true}, {"P-256", true}, {"P-384", true}, {"P-521", true},
                {"ffdhe2048", false}, {"ffdhe8192", false}, {"ffdhe8192:P-256", true}};

        for (int client = 0; client < 2; client++)
                for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
                        Odd odd;

                        odd_init(&odd, client);
                        check(SSL_set1_groups_list(odd.peer.ssl, groups[i].list));
                        check(SSL_set_min_proto_version(odd.peer.ssl, TLS1_3_VERSION));
                        odd_begin(&odd);
                        peer_shake(&odd.peer, &odd.end);
                        check_int(odd.end.secured, ==, groups[i].works);
                        if (groups[i].works)
                                check_works(&odd);
                        else if (client)
                                check_contains(
                                        odd.end.why, "the two sides have no cipher or signature in common");
                        odd_deinit(&odd);
                }
}

TEST(records_right_behind_the_line) {
        _cleanup_buf_ Buf first = BUF_INIT;
        char line[sizeof(LINE)];
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_hold(&odd);
        (void) peer_step(&odd.peer);
        buf_put(&first, LINE, strlen(LINE));
        odd_take(&odd, &first);
        check_int(first.len, >, 100);

        end_begin(&odd.end);
        odd_release(&odd, &first);
        check_int(recv(odd.peer.fd, line, strlen(LINE), 0), ==, (ssize_t) strlen(LINE));
        rig_spin(&odd.rig, &odd.end, NULL);
        peer_shake(&odd.peer, &odd.end);
        check(odd.end.secured);
        check_works(&odd);
        odd_deinit(&odd);
}

/* The end of the handshake and many records come at once. */
TEST(much_right_behind_the_handshake) {
        enum { N = 50000 };
        uint8_t *octets = malloc(N);

        for (size_t i = 0; i < 2; i++) {
                _cleanup_buf_ Buf held = BUF_INIT;
                Odd odd;

                odd_init(&odd, /* peer_is_client= */ i == 1);
                odd_begin(&odd);
                if (i == 1)
                        (void) peer_step(&odd.peer);
                rig_spin(&odd.rig, &odd.end, NULL);
                odd_hold(&odd);
                (void) peer_step(&odd.peer);
                if (i == 1) {
                        pattern_fill(octets, 0, N);
                        check_int(SSL_write(odd.peer.ssl, octets, N), ==, N);
                }
                odd_take(&odd, &held);
                check(!odd.end.secured);
                odd_release(&odd, &held);
                rig_spin(&odd.rig, &odd.end, NULL);
                check(odd.end.secured);
                check_int(odd.end.n_in, ==, i == 1 ? N : 0);
                check_int(odd.end.sum, ==, pattern_sum(0, i == 1 ? N : 0));
                peer_shake(&odd.peer, &odd.end);
                check_works(&odd);
                odd_deinit(&odd);
        }
        free(octets);
}

TEST(no_certificate) {
        for (int client = 0; client < 2; client++)
                for (size_t i = 0; i < 2; i++) {
                        Odd odd;

                        odd_init_with(&odd, client, /* with_certificate= */ false);
                        check(SSL_set_max_proto_version(odd.peer.ssl, tls_versions[i]));
                        odd_begin(&odd);
                        peer_shake(&odd.peer, &odd.end);
                        check(odd.end.gone && !odd.end.secured);
                        check_contains(odd.end.why,
                                client ? "the other side has no certificate ("
                                       : "the other side gave up (alert handshake failure)");
                        odd_deinit(&odd);
                }
}

/* A server that does not ask for ours would be no peer; it is not told from one that does. */
TEST(nobody_asks_for_ours) {
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ false);
        SSL_set_verify(odd.peer.ssl, SSL_VERIFY_NONE, NULL);
        odd_shake(&odd);
        check_works(&odd);
        odd_deinit(&odd);
}

TEST(old_versions) {
        for (int client = 0; client < 2; client++) {
                Odd odd;

                odd_init(&odd, client);
                check(SSL_set_min_proto_version(odd.peer.ssl, TLS1_VERSION));
                check(SSL_set_max_proto_version(odd.peer.ssl, TLS1_1_VERSION));
                odd_begin(&odd);
                peer_shake(&odd.peer, &odd.end);
                check(odd.end.gone && !odd.end.secured);
                check_contains(odd.end.why,
                        client ? "the other side's version of TLS is too old (unsupported protocol)"
                               : "the other side accepts no version of TLS that we do (alert protocol "
                                 "version)");
                odd_deinit(&odd);
        }
}

TEST(garbage) {
        static const struct {
                const char *octets;
                size_t n;
                const char *why;
        } cases[] = {
                {"GET / HTTP/1.0\r\n\r\n", 18, "what the other side sends is not TLS (http request)"},
                {"[\"\",\"mon1\",\"\"]\n", 15,
                        "what the other side sends is not TLS (wrong version number)"},
                {"hmac_6_64_sha3_512;0123456789\n", 30,
                        "what the other side sends is not TLS (wrong version number)"},
                {"\x16\x03\x01\xff\xff____________", 17,
                        "what the other side sends is not TLS (packet length too long)"},
                {"\x17\x03\x03\x00\x10________________", 21, "unexpected message"},
                {"\x15\x03\x01\x00\x02\x02\x28", 7, "unexpected message"},
                {"\x15\x03\x01\x00\x02\x01\x00", 7, "unexpected message"},
                {"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9, "length too short"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                Odd odd;

                odd_init(&odd, /* peer_is_client= */ true);
                odd_begin(&odd);
                odd_send(&odd, cases[i].octets, cases[i].n);
                rig_spin(&odd.rig, &odd.end, NULL);
                if (!odd.end.gone)
                        test_fail(__FILE__, __LINE__, "case %zu goes on", i);
                check_str(odd.end.why, cases[i].why);
                odd_deinit(&odd);
        }
}

/* Any octet of a handshake and what follows is changed: never more than an end. */
TEST(changed_on_its_way) {
        _cleanup_buf_ Buf held = BUF_INIT;
        size_t ended = 0;

        for (size_t at = 0;; at += 7) {
                Odd odd;

                odd_init(&odd, /* peer_is_client= */ true);
                odd_begin(&odd);
                (void) peer_step(&odd.peer);
                rig_spin(&odd.rig, &odd.end, NULL);
                odd_hold(&odd);
                (void) peer_step(&odd.peer);
                check_int(SSL_write(odd.peer.ssl, "message", 7), ==, 7);
                buf_reset(&held);
                odd_take(&odd, &held);
                if (at < held.len)
                        held.data[at] ^= 1;
                odd_release(&odd, &held);
                rig_spin(&odd.rig, &odd.end, NULL);
                ended += odd.end.gone;
                if (odd.end.in.len > 0)
                        check_is(buf_str(&odd.end.in), "message");
                odd_deinit(&odd);
                if (at >= held.len) {
                        check_int(odd.end.in.len, ==, 0);
                        break;
                }
        }
        check_int(ended, >, 50);
}

TEST(a_record_was_changed) {
        _cleanup_buf_ Buf held = BUF_INIT;
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_shake(&odd);
        odd_hold(&odd);
        check_int(SSL_write(odd.peer.ssl, "one", 3), ==, 3);
        odd_take(&odd, &held);
        check_int(SSL_write(odd.peer.ssl, "two", 3), ==, 3);
        odd_take(&odd, &held);
        held.data[held.len - 1] ^= 0x80;
        odd_release(&odd, &held);
        odd_spin(&odd);
        check_is(buf_str(&odd.end.in), "one");
        check_contains(odd.end.why, "TLS: what the other side sent was changed on its way (");
        check_contains(odd.peer.text, "bad record mac"); /* it was told */
        odd_deinit(&odd);
}

TEST(end_of_file) {
        for (int polite = 0; polite < 2; polite++)
                for (size_t i = 0; i < 2; i++) {
                        Odd odd;

                        odd_init(&odd, /* peer_is_client= */ true);
                        check(SSL_set_max_proto_version(odd.peer.ssl, tls_versions[i]));
                        odd_shake(&odd);
                        check_int(SSL_write(odd.peer.ssl, "bye", 3), ==, 3);
                        if (polite)
                                (void) SSL_shutdown(odd.peer.ssl);
                        else
                                check_int(shutdown(odd.peer.fd, SHUT_WR), ==, 0);
                        rig_spin(&odd.rig, &odd.end, NULL);
                        check_is(buf_str(&odd.end.in), "bye");
                        check_str(odd.end.why, EOF_TEXT);
                        (void) peer_step(&odd.peer);
                        check_int(odd.peer.error, ==, polite ? SSL_ERROR_ZERO_RETURN : SSL_ERROR_SSL);
                        odd_deinit(&odd);
                }
}

TEST(says_that_it_closes) {
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_shake(&odd);
        check_int(queue_put(&odd.end.stream.out, OCTETS("bye")), ==, 0);
        end_close(&odd.end);
        (void) peer_step(&odd.peer);
        check_is(buf_str(&odd.peer.in), "bye");
        check_int(odd.peer.error, ==, SSL_ERROR_ZERO_RETURN);
        odd_deinit(&odd);
}

TEST(renegotiation) {
        for (int client = 0; client < 2; client++) {
                uint8_t before[64], after[64];
                size_t n;
                Odd odd;

                odd_init(&odd, client);
                check(SSL_set_max_proto_version(odd.peer.ssl, TLS1_2_VERSION));
                odd_shake(&odd);
                n = SSL_get_finished(odd.peer.ssl, before, sizeof(before));
                check_int(SSL_renegotiate(odd.peer.ssl), ==, 1);
                for (int i = 0; i < 5; i++)
                        odd_spin(&odd);

                /* the end of the handshake is still that of the first; the peer may be offended */
                check_mem(after, SSL_get_finished(odd.peer.ssl, after, sizeof(after)), before, n);
                if (odd.end.gone)
                        check_str(odd.end.why, "TLS: the other side gave up (alert handshake failure)");
                odd_deinit(&odd);
        }
}

TEST(new_keys) {
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_shake(&odd);
        for (int i = 0; i < 10; i++) {
                check_int(SSL_key_update(odd.peer.ssl, SSL_KEY_UPDATE_REQUESTED), ==, 1);
                check_works(&odd);
        }
        odd_deinit(&odd);
}

/* It asks and asks, and reads none of the answers. */
TEST(new_keys_all_the_time) {
        unsigned n = 0;
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_shake(&odd);
        while (!odd.end.gone) {
                check_int(SSL_key_update(odd.peer.ssl, SSL_KEY_UPDATE_REQUESTED), ==, 1);
                (void) SSL_do_handshake(odd.peer.ssl);
                rig_spin(&odd.rig, &odd.end, NULL);
                check_int(++n, <, 100000);
                if (odd.end.pump.filter)
                        check_int(odd.end.pump.filter->out.len, <, 5 * 65536);
        }
        check_int(n, >, 100);
        check_str(odd.end.why, "TLS: the other side does not read what it asks for");
        odd_deinit(&odd);
}

/* The peer's version of a link that was cut: records stop in the middle. */
TEST(half_a_record) {
        _cleanup_buf_ Buf held = BUF_INIT;
        Odd odd;

        odd_init(&odd, /* peer_is_client= */ true);
        odd_shake(&odd);
        odd_hold(&odd);
        check_int(SSL_write(odd.peer.ssl, "whole", 5), ==, 5);
        check_int(SSL_write(odd.peer.ssl, "half", 4), ==, 4);
        odd_take(&odd, &held);
        held.len -= 3;
        odd_release(&odd, &held);
        check_int(shutdown(odd.peer.fd, SHUT_WR), ==, 0);
        rig_spin(&odd.rig, &odd.end, NULL);
        check_is(buf_str(&odd.end.in), "whole");
        check_str(odd.end.why, EOF_TEXT);
        odd_deinit(&odd);
}

/* Which of many errors is told. */
TEST(errors) {
        char text[TLS_ERROR_MAX];

        check_int(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL), ==, 1); /* its words */
        tls_error_text(text);
        check_str(text, "TLS: unknown error");

        ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
        ERR_raise(ERR_LIB_SSL, SSL_R_LENGTH_MISMATCH);
        ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
        tls_error_text(text);
        check_str(text, "TLS: length mismatch");
        check_int(ERR_peek_error(), ==, 0);

        ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR); /* above the alerts */
        tls_error_text(text);
        check_str(text, "TLS: internal error");

        ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
        ERR_raise(ERR_LIB_ASN1, ERR_R_MALLOC_FAILURE);
        tls_error_text(text);
        check_str(text, "out of memory");
        check_int(ERR_peek_error(), ==, 0);
}
