/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is in a PEM file
 *
 * OpenSSL's own functions for this would ask for a passphrase on the terminal.
 */

#include "daemon/net/pem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

/* One of its blocks. */
typedef struct Block {
        char *name; /* what is between BEGIN and the hyphens */
        char *header;
        unsigned char *data;
        long n;
} Block;

static void block_deinit(Block *block) {
        OPENSSL_free(block->name);
        OPENSSL_free(block->header);
        OPENSSL_secure_clear_free(block->data, block->n > 0 ? (size_t) block->n : 0);
}

void pem_deinit(Pem *pem) {
        EVP_PKEY_free(pem->key);
        sk_X509_pop_free(pem->certificates, X509_free);
        sk_X509_CRL_pop_free(pem->crls, X509_CRL_free);
        *pem = PEM_INIT;
}

static int refuse(char *error, size_t n_error, const char *text) {
        (void) snprintf(error, n_error, "%s", text);
        return -EINVAL;
}

static bool is_one_of(const char *name, const char *const *names) {
        while (*names)
                if (strcmp(name, *names++) == 0)
                        return true;

        return false;
}

static bool is_certificate(const Block *block) {
        return is_one_of(block->name,
                (const char *const[]){PEM_STRING_X509, PEM_STRING_X509_OLD, PEM_STRING_X509_TRUSTED, NULL});
}

static bool is_key(const Block *block) {
        return is_one_of(block->name,
                (const char *const[]){PEM_STRING_PKCS8INF, PEM_STRING_PKCS8, PEM_STRING_RSA,
                        PEM_STRING_ECPRIVATEKEY, PEM_STRING_DSA, NULL});
}

static bool is_parameters(const Block *block) {
        return is_one_of(block->name,
                (const char *const[]){
                        PEM_STRING_ECPARAMETERS, PEM_STRING_DHPARAMS, PEM_STRING_DSAPARAMS, NULL});
}

static void pem_add_key(Pem *pem, const Block *block) {
        const unsigned char *p = block->data;

        if (pem->n_keys++ > 0)
                return;

        pem->encrypted = strcmp(block->name, PEM_STRING_PKCS8) == 0 || strstr(block->header, "ENCRYPTED");
        if (!pem->encrypted)
                pem->key = d2i_AutoPrivateKey(NULL, &p, block->n);
}

static int pem_add_certificate(Pem *pem, const Block *block, char *error, size_t n_error) {
        const unsigned char *p = block->data;
        X509 *x509;

        x509 = strcmp(block->name, PEM_STRING_X509_TRUSTED) == 0 ? d2i_X509_AUX(NULL, &p, block->n)
                                                                 : d2i_X509(NULL, &p, block->n);
        if (!x509)
                return refuse(error, n_error, "a certificate in it can't be read");

        if (sk_X509_push(pem->certificates, x509) > 0)
                return 0;

        X509_free(x509);
        return -ENOMEM;
}

static int pem_add_crl(Pem *pem, const Block *block, char *error, size_t n_error) {
        const unsigned char *p = block->data;
        X509_CRL *crl;

        crl = d2i_X509_CRL(NULL, &p, block->n);
        if (!crl)
                return refuse(error, n_error, "a list of revoked certificates in it can't be read");

        if (sk_X509_CRL_push(pem->crls, crl) > 0)
                return 0;

        X509_CRL_free(crl);
        return -ENOMEM;
}

static int pem_add(Pem *pem, const Block *block, char *error, size_t n_error) {
        if (is_certificate(block))
                return pem_add_certificate(pem, block, error, n_error);
        if (strcmp(block->name, PEM_STRING_X509_CRL) == 0)
                return pem_add_crl(pem, block, error, n_error);
        if (is_key(block))
                pem_add_key(pem, block);
        if (is_key(block) || is_parameters(block))
                return 0;

        (void) snprintf(error, n_error, "there is something in it that is no certificate and no key: %.60s",
                block->name);
        for (char *c = error; *c; c++)
                if (*c < ' ' || *c > '~')
                        *c = '?';
        return -EINVAL;
}

/* 1: there is one; 0: there is none any more. */
static int pem_next(BIO *bio, Block *ret, char *error, size_t n_error) {
        unsigned long e;

        if (PEM_read_bio(bio, &ret->name, &ret->header, &ret->data, &ret->n))
                return 1;

        e = ERR_peek_last_error();
        if (ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
                return 0;

        (void) snprintf(error, n_error, "it is damaged (%s)", ERR_reason_error_string(e) ?: "unknown error");
        return -EINVAL;
}

static int pem_read_all(Pem *pem, BIO *bio, char *error, size_t n_error) {
        for (;;) {
                Block block = {};
                int r = pem_next(bio, &block, error, n_error);

                if (r <= 0)
                        return r;

                r = pem_add(pem, &block, error, n_error);
                block_deinit(&block);
                if (r < 0)
                        return r;
        }
}

int pem_read(Pem *ret, const void *pem, size_t n, char *error, size_t n_error) {
        _cleanup_pem_ Pem parts = PEM_INIT;
        BIO *bio;
        int r;

        if (n > INT_MAX)
                return refuse(error, n_error, "it is too large");

        bio = BIO_new_mem_buf(n > 0 ? pem : "", (int) n);
        parts.certificates = sk_X509_new_null();
        parts.crls = sk_X509_CRL_new_null();
        r = bio && parts.certificates && parts.crls ? pem_read_all(&parts, bio, error, n_error) : -ENOMEM;
        BIO_free(bio);
        if (r < 0)
                return r;

        *ret = parts;
        parts = PEM_INIT;
        return 0;
}
