/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What TLS needs of us
 *
 * Kept as the context that all connections are made from, so whatever OpenSSL does not like about it comes
 * out when the configuration is read.
 *
 * Each certificate that is trusted is so by itself, also one that is not self-signed. What a certificate is
 * meant for, server or client, is not looked at: each node is both, and the one that all share often says
 * nothing.
 */

#include "daemon/net/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/net/pem.h"
#include "daemon/net/x509.h"

/* OpenSSL's own list without the finite fields: with the largest of these a stranger has 0.1 s of us for
 * each connection, before any certificate is looked at. */
#define GROUPS "X25519:P-256:X448:P-521:P-384"

struct Certificate {
        SSL_CTX *context;
        uint64_t starts, expires;
        char subject[X509_SUBJECT_MAX];
};

static int refuse(char error[static CERTIFICATE_ERROR_MAX], const char *text) {
        (void) snprintf(error, CERTIFICATE_ERROR_MAX, "%s", text);
        return -EINVAL;
}

/* What OpenSSL does not like. */
static int refuse_openssl(char error[static CERTIFICATE_ERROR_MAX], const char *what) {
        unsigned long e = ERR_peek_last_error();

        (void) snprintf(error, CERTIFICATE_ERROR_MAX, "%s (%s)", what,
                ERR_reason_error_string(e) ?: "unknown error");
        return -EINVAL;
}

/* --- its parts --------------------------------------------------------------------------------------- */

static int check_key(const Pem *pem, char error[static CERTIFICATE_ERROR_MAX]) {
        if (pem->n_keys == 0)
                return refuse(error, "there is no private key in it");
        if (pem->n_keys > 1)
                return refuse(error, "there is more than one private key in it");
        if (pem->encrypted)
                return refuse(error,
                        "its private key is encrypted: take the passphrase off, and let nobody else read "
                        "it");
        if (!pem->key)
                return refuse(error, "its private key can't be read");

        return 0;
}

static int check_own(const Pem *pem, char error[static CERTIFICATE_ERROR_MAX]) {
        int n = sk_X509_num(pem->certificates), r;

        if (n == 0 && pem->n_keys == 0)
                return refuse(error, "there is no private key and no certificate in it");
        if (n == 0)
                return refuse(error, "there is no certificate in it");

        r = check_key(pem, error);
        if (r < 0)
                return r;

        if (X509_check_private_key(sk_X509_value(pem->certificates, 0), pem->key))
                return 0;

        for (int i = 1; i < n; i++)
                if (X509_check_private_key(sk_X509_value(pem->certificates, i), pem->key))
                        return refuse(error,
                                "its private key belongs to a later certificate in it: our own has to be "
                                "first");
        return refuse(error, "its private key does not belong to the first certificate in it");
}

static bool is_self_signed(const X509 *x509) {
        return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

static X509 *find_issuer(const Pem *pem, X509 *of) {
        for (int i = 1; i < sk_X509_num(pem->certificates); i++) {
                X509 *x509 = sk_X509_value(pem->certificates, i);

                if (X509_check_issued(x509, of) == X509_V_OK)
                        return x509;
        }

        return NULL;
}

/* What lies between our certificate and its authority goes along with it. */
static bool add_chain(SSL_CTX *context, const Pem *pem) {
        X509 *x509 = sk_X509_value(pem->certificates, 0);

        for (int i = 1; i < sk_X509_num(pem->certificates) && !is_self_signed(x509); i++) {
                x509 = find_issuer(pem, x509);
                if (!x509 || is_self_signed(x509))
                        return true;
                if (!SSL_CTX_add1_chain_cert(context, x509))
                        return false;
        }

        return true;
}

static bool add_trusted(X509_STORE *store, const Pem *pem) {
        for (int i = 0; i < sk_X509_num(pem->certificates); i++)
                if (!X509_STORE_add_cert(store, sk_X509_value(pem->certificates, i)))
                        return false;

        return true;
}

static bool add_crls(X509_STORE *store, const Pem *pem) {
        int n = sk_X509_CRL_num(pem->crls);

        for (int i = 0; i < n; i++)
                if (!X509_STORE_add_crl(store, sk_X509_CRL_value(pem->crls, i)))
                        return false;

        return n <= 0 || X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

/* --- the context ------------------------------------------------------------------------------------- */

static SSL_CTX *context_new(void) {
        SSL_CTX *context = SSL_CTX_new(TLS_method());

        if (!context)
                return NULL;

        (void) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        (void) SSL_CTX_set_options(
                context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
        (void) SSL_CTX_set_num_tickets(context, 0);
        (void) SSL_CTX_set_max_early_data(context, 0);
        (void) SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        (void) SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
        (void) SSL_CTX_set_purpose(context, X509_PURPOSE_ANY);
        (void) X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
        if (SSL_CTX_set1_groups_list(context, GROUPS))
                return context;

        SSL_CTX_free(context);
        return NULL;
}

/* Everything that is there is used; `ca` may be NULL. */
static int certificate_fill(
        Certificate *certificate, const Pem *pem, const Pem *ca, char error[static CERTIFICATE_ERROR_MAX]) {
        SSL_CTX *context = certificate->context;
        X509_STORE *store = SSL_CTX_get_cert_store(context);
        X509 *own = sk_X509_value(pem->certificates, 0);

        if (!SSL_CTX_use_certificate(context, own) || !SSL_CTX_use_PrivateKey(context, pem->key))
                return refuse_openssl(error, "its first certificate and private key can't be used");
        if (!add_chain(context, pem))
                return refuse_openssl(error, "a certificate in it can't be used");
        if (!add_trusted(store, ca ?: pem) || !add_crls(store, pem) || (ca && !add_crls(store, ca)))
                return refuse_openssl(error, "what is trusted can't be used");

        certificate->starts = x509_time(X509_get0_notBefore(own));
        certificate->expires = x509_time(X509_get0_notAfter(own));
        (void) x509_subject(own, certificate->subject);
        return 0;
}

static int certificate_from(
        Certificate **ret, const Pem *pem, const Pem *ca, char error[static CERTIFICATE_ERROR_MAX]) {
        Certificate *certificate;
        int r;

        certificate = malloc(sizeof(*certificate));
        if (!certificate)
                return -ENOMEM;

        *certificate = (Certificate){.context = context_new()};
        r = certificate->context ? certificate_fill(certificate, pem, ca, error)
                                 : refuse_openssl(error, "OpenSSL can't be used");
        if (r < 0) {
                certificate_free(certificate);
                return r;
        }

        *ret = certificate;
        return 0;
}

static int read_ca(Pem *ret, const void *ca, size_t n, char error[static CERTIFICATE_ERROR_MAX]) {
        static const char prefix[] = "the authorities' file: ";
        const size_t len = sizeof(prefix) - 1;
        int r;

        (void) stpcpy(error, prefix);
        r = pem_read(ret, ca, n, error + len, CERTIFICATE_ERROR_MAX - len);
        if (r >= 0 && sk_X509_num(ret->certificates) == 0)
                r = refuse(error, "the authorities' file: there is no certificate in it");

        return r;
}

/* Whatever it looked like, it may have been a lack of memory. */
static bool take_errors(void) {
        unsigned long e;
        bool memory = false;

        while ((e = ERR_get_error()))
                memory = memory || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;

        return memory;
}

int certificate_new(Certificate **ret, const void *pem, size_t n, const void *ca, size_t n_ca,
        char error[CERTIFICATE_ERROR_MAX]) {
        _cleanup_pem_ Pem own = PEM_INIT, authorities = PEM_INIT;
        int r;

        ERR_clear_error();
        r = pem_read(&own, pem, n, error, CERTIFICATE_ERROR_MAX);
        if (r >= 0)
                r = check_own(&own, error);
        if (r >= 0 && ca)
                r = read_ca(&authorities, ca, n_ca, error);
        if (r >= 0)
                r = certificate_from(ret, &own, ca ? &authorities : NULL, error);

        return take_errors() && r < 0 ? -ENOMEM : r;
}

Certificate *certificate_free(Certificate *certificate) {
        if (!certificate)
                return NULL;

        SSL_CTX_free(certificate->context);
        free(certificate);
        return NULL;
}

uint64_t certificate_starts(const Certificate *certificate) {
        return certificate->starts;
}

uint64_t certificate_expires(const Certificate *certificate) {
        return certificate->expires;
}

const char *certificate_subject(const Certificate *certificate) {
        return certificate->subject;
}

SSL_CTX *certificate_context(const Certificate *certificate) {
        return certificate->context;
}
