/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/cert.h"

#include <err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>

#define DAY (24 * 60 * 60)

static X509 *cert_new(EVP_PKEY *key) {
        X509 *x509 = X509_new();
        X509_NAME *name = x509 ? X509_get_subject_name(x509) : NULL;

        if (!name || !X509_set_version(x509, X509_VERSION_3) ||
                !ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) ||
                !X509_gmtime_adj(X509_getm_notBefore(x509), -DAY) ||
                !X509_gmtime_adj(X509_getm_notAfter(x509), DAY) ||
                !X509_NAME_add_entry_by_NID(
                        name, NID_commonName, MBSTRING_ASC, (const unsigned char *) "bench", -1, -1, 0) ||
                !X509_set_issuer_name(x509, name) || !X509_set_pubkey(x509, key) ||
                !X509_sign(x509, key, EVP_sha256()))
                errx(1, "can't make a certificate");

        return x509;
}

void cert_write(const char *path) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x509 = cert_new(key);
        FILE *f = fopen(path, "we");

        if (!f || fchmod(fileno(f), 0600) < 0 ||
                !PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) || !PEM_write_X509(f, x509) ||
                fclose(f) < 0)
                err(1, "%s", path);

        X509_free(x509);
        EVP_PKEY_free(key);
}
