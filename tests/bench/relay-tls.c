/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/relay-tls.h"

#include <err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct RelayTls {
        SSL *ssl;
        BIO *in, *out;
        size_t out_at; /* so much of the output was written */
};

static SSL_CTX *context_new(const char *pem) {
        SSL_CTX *context = SSL_CTX_new(TLS_method());

        if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
                !SSL_CTX_set_num_tickets(context, 0) ||
                SSL_CTX_use_certificate_file(context, pem, SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1)
                errx(1, "relay: %s", pem);

        return context;
}

RelayTls *relay_tls_new(int fd, const char *pem, int server) {
        RelayTls *tls = calloc(1, sizeof(*tls));

        if (!tls)
                err(1, "relay");
        tls->ssl = SSL_new(context_new(pem));
        if (!tls->ssl || !SSL_set_fd(tls->ssl, fd) ||
                (server ? SSL_accept(tls->ssl) : SSL_connect(tls->ssl)) != 1)
                errx(1, "relay: no TLS");

        tls->in = BIO_new(BIO_s_mem());
        tls->out = BIO_new(BIO_s_mem());
        if (!tls->in || !tls->out)
                errx(1, "relay: no memory");
        (void) BIO_set_mem_eof_return(tls->in, -1);
        SSL_set_bio(tls->ssl, tls->in, tls->out);
        return tls;
}

size_t relay_tls_open(RelayTls *tls, uint8_t *to, size_t max, const uint8_t *from, size_t n) {
        size_t sum = 0, k;

        if (BIO_write(tls->in, from, (int) n) != (int) n)
                errx(1, "relay: no memory");
        while (sum < max && SSL_read_ex(tls->ssl, to + sum, max - sum, &k) > 0)
                sum += k;
        if (BIO_pending(tls->in) > 0)
                errx(1, "relay: TLS broke");

        return sum;
}

void relay_tls_seal(RelayTls *tls, const uint8_t *from, size_t n) {
        size_t k;

        if (SSL_write_ex(tls->ssl, from, n, &k) <= 0)
                errx(1, "relay: TLS broke");
}

size_t relay_tls_pending(RelayTls *tls, const uint8_t **ret) {
        char *data;
        long n = BIO_get_mem_data(tls->out, &data);

        *ret = (const uint8_t *) data + tls->out_at;
        return (size_t) n - tls->out_at;
}

void relay_tls_written(RelayTls *tls, size_t n) {
        const uint8_t *p;

        tls->out_at += n;
        if (relay_tls_pending(tls, &p) == 0) {
                tls->out_at = 0;
                (void) BIO_reset(tls->out);
        }
}
