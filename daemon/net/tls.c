/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * TLS on a link
 *
 * OpenSSL reads from and writes to a BIO of ours: its input is what the pump has just read, borrowed, its
 * output a queue. It never has to wait for room, so all it can want is more input, and when it does it has
 * taken all there was. Part of a record stays with it.
 *
 * The other side can make us answer, each KeyUpdate with one of ours for instance, without reading the
 * answers. That has a limit.
 *
 * AES-GCM wants other keys before 2^24.5 records (RFC 8446, section 5.5). OpenSSL leaves that to us, of both
 * directions, as not every peer does it. TLS 1.2 has no way to.
 */

#include "daemon/net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/tls-error.h"
#include "daemon/net/x509.h"

/* The most plaintext in a record. */
#define TLS_RECORD_MAX 16384
/* As many octets may wait for the socket, with unwanted answers. */
#define TLS_OUT_MAX (4 * PUMP_AHEAD_MAX)
/* Records with one key. */
#ifndef TLS_KEY_RECORDS
#define TLS_KEY_RECORDS (1U << 23)
#endif

typedef struct Tls {
        PumpFilter filter;
        Stream *stream;
        SSL *ssl;
        unsigned n_read, n_written; /* records, with the present keys */
        const uint8_t *in;          /* what the pump has read, during tls_input() */
        size_t n_in;
        char why[TLS_ERROR_MAX]; /* it is over; "" if not */
} Tls;

/* --- the BIO ----------------------------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *to, size_t max, size_t *ret) {
        Tls *tls = BIO_get_data(bio);
        size_t n = tls->n_in < max ? tls->n_in : max;

        BIO_clear_retry_flags(bio);
        *ret = n;
        if (n == 0) {
                BIO_set_retry_read(bio);
                return 0;
        }

        memcpy(to, tls->in, n);
        tls->in += n;
        tls->n_in -= n;
        return 1;
}

static int bio_write(BIO *bio, const char *data, size_t n, size_t *ret) {
        Tls *tls = BIO_get_data(bio);
        Queue *out = &tls->filter.out;

        BIO_clear_retry_flags(bio);
        *ret = n;
        if (out->len > TLS_OUT_MAX)
                (void) stpcpy(tls->why, "TLS: the other side does not read what it asks for");
        else if (queue_put(out, data, n) < 0)
                (void) stpcpy(tls->why, "out of memory");
        else
                return 1;

        return 0;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr) {
        return command == BIO_CTRL_FLUSH;
}

static const BIO_METHOD *bio_method(void) {
        static BIO_METHOD *method;
        BIO_METHOD *made;

        if (method)
                return method;

        made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pump");
        if (!made)
                return NULL;

        (void) BIO_meth_set_read_ex(made, bio_read);
        (void) BIO_meth_set_write_ex(made, bio_write);
        (void) BIO_meth_set_ctrl(made, bio_ctrl);
        return method = made;
}

static BIO *bio_new(Tls *tls) {
        const BIO_METHOD *method = bio_method();
        BIO *bio = method ? BIO_new(method) : NULL;

        if (bio) {
                BIO_set_data(bio, tls);
                BIO_set_init(bio, 1);
        }
        return bio;
}

/* --- the handshake ----------------------------------------------------------------------------------- */

static int on_verify(int ok, X509_STORE_CTX *verify) {
        SSL *ssl = X509_STORE_CTX_get_ex_data(verify, SSL_get_ex_data_X509_STORE_CTX_idx());
        Tls *tls = SSL_get_app_data(ssl);

        if (!ok)
                tls_error_verify(tls->why, verify);
        return ok;
}

/* A call failed. NULL: it only wants more input; else why it is over. */
static const char *tls_failed(Tls *tls, int r) {
        int error = SSL_get_error(tls->ssl, r);

        if (tls->why[0]) /* somebody who knew more has said it */
                return tls->why;
        if (error == SSL_ERROR_WANT_READ)
                return NULL;

        if (error == SSL_ERROR_ZERO_RETURN) {
                (void) SSL_shutdown(tls->ssl);
                (void) stpcpy(tls->why, "Unexpected end-of-file");
        } else
                tls_error_text(tls->why);

        return tls->why;
}

static void tls_tell(Tls *tls, const X509 *peer) {
        char subject[X509_SUBJECT_MAX];

        stream_secured(tls->stream,
                &(StreamSecurity){
                        .version = SSL_get_version(tls->ssl),
                        .cipher = SSL_get_cipher_name(tls->ssl),
                        .subject = x509_subject(peer, subject),
                        .expires = x509_time(X509_get0_notAfter(peer)),
                });
}

/* NULL, or why it is over. */
static const char *tls_shake(Tls *tls) {
        const X509 *peer;
        int r;

        r = SSL_do_handshake(tls->ssl);
        if (r <= 0)
                return tls_failed(tls, r);

        peer = SSL_get0_peer_certificate(tls->ssl);
        if (!peer || SSL_get_verify_result(tls->ssl) != X509_V_OK)
                return strcpy(tls->why, "TLS: the other side has no certificate that is trusted here");

        tls->filter.ready = true;
        tls_tell(tls, peer);
        return NULL;
}

/* --- records ----------------------------------------------------------------------------------------- */

/* One more with that key. The new ones come with what is read or written next. */
static void tls_count(Tls *tls, unsigned *records) {
        if (++*records < TLS_KEY_RECORDS)
                return;

        tls->n_read = tls->n_written = 0;
        if (SSL_version(tls->ssl) == TLS1_3_VERSION)
                (void) SSL_key_update(tls->ssl, SSL_KEY_UPDATE_REQUESTED);
}

static const char *tls_decrypt(Tls *tls) {
        uint8_t octets[TLS_RECORD_MAX];
        size_t n;
        int r;

        while ((r = SSL_read_ex(tls->ssl, octets, sizeof(octets), &n)) > 0) {
                tls_count(tls, &tls->n_read);
                (void) stream_input(tls->stream, octets, n);
        }

        return tls_failed(tls, r);
}

/* As long as TLS is not there the core says that it did not come about. */
static const char *tls_why(const Tls *tls, const char *why) {
        static const char prefix[] = "TLS: ";
        const size_t n = sizeof(prefix) - 1;

        return why && !tls->filter.ready && strncmp(why, prefix, n) == 0 ? why + n : why;
}

static const char *tls_input(PumpFilter *filter, const uint8_t *data, size_t n) {
        Tls *tls = container_of(filter, Tls, filter);
        const char *why = NULL;

        tls->in = data;
        tls->n_in = n;
        ERR_clear_error();

        if (!tls->filter.ready)
                why = tls_shake(tls);
        if (tls->filter.ready)
                why = tls_decrypt(tls);

        ERR_clear_error();
        return tls_why(tls, why);
}

static int tls_output(PumpFilter *filter) {
        Tls *tls = container_of(filter, Tls, filter);
        Queue *from = &tls->stream->out;

        if (!tls->filter.ready || tls->why[0])
                return 0;

        ERR_clear_error();
        while (from->len > 0 && filter->out.len < PUMP_AHEAD_MAX) {
                struct iovec iov;
                size_t n;

                (void) queue_iov(from, &iov, 1);
                n = iov.iov_len < TLS_RECORD_MAX ? iov.iov_len : TLS_RECORD_MAX;
                if (SSL_write_ex(tls->ssl, iov.iov_base, n, &n) <= 0) {
                        ERR_clear_error();
                        return -ENOMEM;
                }
                tls_count(tls, &tls->n_written);
                stream_sent(tls->stream, n);
        }

        return 0;
}

static void tls_finish(PumpFilter *filter) {
        Tls *tls = container_of(filter, Tls, filter);

        if (!tls->filter.ready || tls->why[0])
                return;

        ERR_clear_error();
        (void) SSL_shutdown(tls->ssl);
        ERR_clear_error();
}

/* --- its life ---------------------------------------------------------------------------------------- */

static PumpFilter *tls_free(PumpFilter *filter) {
        Tls *tls = container_of(filter, Tls, filter);

        SSL_free(tls->ssl);
        queue_deinit(&filter->out);
        free(tls);
        return NULL;
}

static const PumpFilterOps tls_ops = {
        .input = tls_input,
        .output = tls_output,
        .finish = tls_finish,
        .free = tls_free,
};

int tls_new(PumpFilter **ret, const Certificate *certificate, Stream *stream) {
        Tls *tls;
        BIO *bio;

        tls = malloc(sizeof(*tls));
        if (!tls)
                return -ENOMEM;

        *tls = (Tls){.filter = {.ops = &tls_ops}, .stream = stream};
        tls->ssl = SSL_new(certificate_context(certificate));
        bio = bio_new(tls);
        if (!tls->ssl || !bio) {
                BIO_free(bio);
                tls_free(&tls->filter);
                ERR_clear_error();
                return -ENOMEM;
        }

        SSL_set_bio(tls->ssl, bio, bio);
        SSL_set_app_data(tls->ssl, tls);
        SSL_set_verify(tls->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
        if (stream->tls == STREAM_TLS_CLIENT)
                SSL_set_connect_state(tls->ssl);
        else
                SSL_set_accept_state(tls->ssl);

        *ret = &tls->filter;
        return 0;
}
