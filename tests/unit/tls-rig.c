/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Two ends of a connection that turns to TLS
 */

#include "tests/unit/tls-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/io/fd.h"
#include "tests/unit/test.h"

#define TURNS_MAX 2000000

/* --- what all need ------------------------------------------------------------------------------ */

const int tls_versions[2] = {TLS1_2_VERSION, TLS1_3_VERSION};

const char *tls_version_name(int version) {
        return version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3";
}

void check_contains(const char *text, const char *part) {
        if (!strstr(text, part))
                test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", part, text);
}

void shared_certificate(Buf *pem) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "shared"});

        coin_put(&coin, pem);
}

void socket_pair(int fds[2]) {
        check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

/* --- the pattern ------------------------------------------------------------------------------------- */

static uint8_t pattern_at(uint64_t at) {
        return (uint8_t) (at * 131 + (at >> 8) * 17 + (at >> 16));
}

void pattern_fill(uint8_t *to, uint64_t at, size_t n) {
        for (size_t i = 0; i < n; i++)
                to[i] = pattern_at(at + i);
}

/* Of the order, too. */
static uint64_t sum_add(uint64_t sum, uint8_t octet) {
        return sum * 31 + octet;
}

uint64_t pattern_sum(uint64_t at, size_t n) {
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++)
                sum = sum_add(sum, pattern_at(at + i));
        return sum;
}

/* --- the scripted core ------------------------------------------------------------------------------- */

static void on_connected(Stream *stream, const char *peer_address) {
}

static void end_keep(End *end, const uint8_t *data, size_t n) {
        check(end->secured);
        if (!end->pause_at)
                buf_put(&end->in, data, n);
        for (size_t i = 0; i < n; i++)
                end->sum = sum_add(end->sum, data[i]);
        if (end->pause_at && (end->n_in + n) / end->pause_at > end->n_in / end->pause_at)
                end->stream.paused = true;
        end->n_in += n;
}

static size_t on_input(Stream *stream, const uint8_t *data, size_t n) {
        End *end = container_of(stream, End, stream);

        check(!end->why[0]);
        check_int(n, >, 0);
        if (end->line) {
                end_keep(end, data, n);
                return n;
        }

        for (size_t i = 0; i < n; i++) {
                check_int(data[i], ==, LINE[end->n_line]);
                if (data[i] != '\n') {
                        end->n_line++;
                        continue;
                }
                end->line = true;
                stream->tls = end->role;
                stream->plain = stream->out.len;
                return stream->tls ? i + 1 : n;
        }
        return n;
}

static void on_secured(Stream *stream, const StreamSecurity *security) {
        End *end = container_of(stream, End, stream);

        check(!end->secured && !end->why[0]);
        end->secured = true;
        (void) snprintf(end->version, sizeof(end->version), "%s", security->version);
        (void) snprintf(end->subject, sizeof(end->subject), "%s", security->subject);
        end->expires = security->expires;
        check(security->cipher[0]);
        if (end->word)
                check_int(queue_put(&stream->out, end->word, strlen(end->word)), ==, 0);
}

static void on_sent(Stream *stream) {
}

static void on_closed(Stream *stream, const char *why) {
        End *end = container_of(stream, End, stream);

        check(!end->why[0]);
        (void) snprintf(end->why, sizeof(end->why), "%s", why);
        queue_deinit(&stream->out);
}

static const StreamOps stream_ops = {
        .connected = on_connected,
        .input = on_input,
        .secured = on_secured,
        .sent = on_sent,
        .closed = on_closed,
};

/* --- ends -------------------------------------------------------------------------------------------- */

static void on_gone(Pump *pump) {
        End *end = container_of(pump, End, pump);

        check(end->why[0]);
        check(!pump->filter);
        end->gone = true;
}

static int on_filter(Pump *pump, PumpFilter **ret) {
        End *end = container_of(pump, End, pump);

        return tls_new(ret, end->certificate, &end->stream);
}

void end_init(End *end, Rig *rig, int *fd, StreamTls role, const Buf *pem, const Buf *ca) {
        char error[CERTIFICATE_ERROR_MAX];

        *end = (End){.stream = {.ops = &stream_ops}, .rig = rig, .role = role};
        list_init(&end->stream.dirty);
        check_int(certificate_new(&end->certificate, pem->data, pem->len, ca ? ca->data : NULL,
                          ca ? ca->len : 0, error),
                ==, 0);

        check_int(fcntl(*fd, F_SETFL, O_NONBLOCK), ==, 0);
        pump_init(&end->pump, rig->room, &end->stream, on_gone);
        end->pump.filter_new = on_filter;
        check_int(pump_start(&end->pump, fd), ==, 0);
}

void end_deinit(End *end) {
        if (!end->gone) {
                pump_deinit(&end->pump);
                queue_deinit(&end->stream.out);
        }
        buf_deinit(&end->in);
        certificate_free(end->certificate);
}

void end_put(End *end, const void *data, size_t n) {
        check_int(queue_put(&end->stream.out, data, n), ==, 0);
        pump_update(&end->pump);
}

void end_begin(End *end) {
        end_put(end, LINE, strlen(LINE));
}

void end_close(End *end) {
        end->stream.closing = true;
        pump_update(&end->pump);
}

void end_set_version(End *end, int version) {
        SSL_CTX *context = certificate_context(end->certificate);

        check(SSL_CTX_set_min_proto_version(context, version));
        check(SSL_CTX_set_max_proto_version(context, version));
}

/* --- the loop ---------------------------------------------------------------------------------------- */

void rig_init(Rig *rig) {
        (void) signal(SIGPIPE, SIG_IGN);
        *rig = (Rig){.room = malloc(sizeof(*rig->room))};
        check(rig->room);
        rig->room->shaken = 0;
        check_int(sd_event_new(&rig->room->event), ==, 0);
}

void rig_deinit(Rig *rig) {
        check_int(ERR_peek_error(), ==, 0);
        sd_event_unref(rig->room->event);
        free(rig->room);
}

/* What the core does at the end of a turn. */
static void end_turn(End *end) {
        if (end && !end->gone)
                pump_update(&end->pump);
}

void rig_spin(Rig *rig, End *a, End *b) {
        do {
                check_int(rig->turns++, <, TURNS_MAX);
                end_turn(a);
                end_turn(b);
                rig->room->shaken = 0;
        } while (sd_event_run(rig->room->event, 0) > 0);
}

/* --- two of them ------------------------------------------------------------------------------- */

void two_init_with(
        Two *two, const Buf *client, const Buf *client_ca, const Buf *server, const Buf *server_ca) {
        int fds[2];

        socket_pair(fds);
        rig_init(&two->rig);
        end_init(&two->client, &two->rig, &fds[0], STREAM_TLS_CLIENT, client, client_ca);
        end_init(&two->server, &two->rig, &fds[1], STREAM_TLS_SERVER, server, server_ca);
}

void two_deinit(Two *two) {
        end_deinit(&two->client);
        end_deinit(&two->server);
        rig_deinit(&two->rig);
}

void two_spin(Two *two) {
        rig_spin(&two->rig, &two->client, &two->server);
}

void two_begin(Two *two) {
        end_begin(&two->client);
        end_begin(&two->server);
        two_spin(two);
}

/* --- peers ------------------------------------------------------------------------------------------- */

static void peer_use(Peer *peer, const Buf *pem) {
        BIO *bio = BIO_new_mem_buf(pem->data, (int) pem->len);
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

        check(key && x509);
        check_int(SSL_CTX_use_certificate(peer->context, x509), ==, 1);
        check_int(SSL_CTX_use_PrivateKey(peer->context, key), ==, 1);
        EVP_PKEY_free(key);
        X509_free(x509);
        BIO_free(bio);
}

static int accept_all(int ok, X509_STORE_CTX *verify) {
        return 1;
}

void peer_init(Peer *peer, int *fd, bool client, const Buf *pem) {
        *peer = (Peer){.fd = fd_steal(fd), .context = SSL_CTX_new(TLS_method())};
        check(peer->context);
        check_int(fcntl(peer->fd, F_SETFL, O_NONBLOCK), ==, 0);
        SSL_CTX_set_verify(peer->context, SSL_VERIFY_PEER, accept_all);
        SSL_CTX_set_security_level(peer->context, 0);
        if (pem)
                peer_use(peer, pem);

        peer->ssl = SSL_new(peer->context);
        check(peer->ssl);
        check(SSL_set_fd(peer->ssl, peer->fd));
        if (client)
                SSL_set_connect_state(peer->ssl);
        else
                SSL_set_accept_state(peer->ssl);
}

void peer_deinit(Peer *peer) {
        SSL_free(peer->ssl);
        SSL_CTX_free(peer->context);
        buf_deinit(&peer->in);
        fd_close(peer->fd);
        ERR_clear_error();
}

void peer_begin(Peer *peer) {
        char line[sizeof(LINE)] = "";

        check_int(send(peer->fd, LINE, strlen(LINE), MSG_NOSIGNAL), ==, (ssize_t) strlen(LINE));
        check_int(recv(peer->fd, line, strlen(LINE), 0), ==, (ssize_t) strlen(LINE));
        check_str(line, LINE);
}

static int peer_failed(Peer *peer, int r) {
        int error = SSL_get_error(peer->ssl, r);
        unsigned long e = ERR_peek_error();

        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE && !peer->error) {
                peer->error = error;
                (void) snprintf(peer->text, sizeof(peer->text), "%s", ERR_reason_error_string(e) ?: "");
        }
        ERR_clear_error();
        return 0;
}

int peer_step(Peer *peer) {
        uint8_t octets[4096];
        int r;

        ERR_clear_error();
        if (peer->error)
                return 0;

        r = SSL_do_handshake(peer->ssl);
        if (r <= 0)
                return peer_failed(peer, r);

        while ((r = SSL_read(peer->ssl, octets, sizeof(octets))) > 0)
                buf_put(&peer->in, octets, (size_t) r);
        (void) peer_failed(peer, r);
        return 1;
}

void peer_shake(Peer *peer, End *end) {
        for (unsigned i = 0; i < 100 && !peer->error && !(peer_step(peer) && end->secured); i++)
                rig_spin(end->rig, end, NULL);
        rig_spin(end->rig, end, NULL);
        (void) peer_step(peer);
}
