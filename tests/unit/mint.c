/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates for tests
 */

#include "tests/unit/mint.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tests/unit/test.h"

#define DAY (24 * 60 * 60)

static void add_extension(X509 *x509, X509V3_CTX *context, int nid, const char *value) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);

        check(extension);
        check(X509_add_ext(x509, extension, -1));
        X509_EXTENSION_free(extension);
}

static void add_extensions(const Coin *coin, const Coin *issuer, const CoinKind *kind) {
        X509V3_CTX context;

        X509V3_set_ctx(&context, issuer->x509, coin->x509, NULL, NULL, 0);
        add_extension(coin->x509, &context, NID_subject_key_identifier, "hash");
        add_extension(
                coin->x509, &context, NID_basic_constraints, kind->ca ? "critical,CA:TRUE" : "CA:FALSE");
        if (kind->usage)
                add_extension(coin->x509, &context, NID_ext_key_usage, kind->usage);
}

Coin mint(const CoinKind *kind) {
        static long serial = 1;
        const long from = kind->from || kind->until ? kind->from : -1;
        const long until = kind->from || kind->until ? kind->until : 1;
        Coin coin = {
                .key = kind->rsa_bits ? EVP_RSA_gen((unsigned) kind->rsa_bits) : EVP_EC_gen("P-256"),
                .x509 = X509_new(),
        };
        const Coin *issuer = kind->issuer ?: &coin;

        check(coin.key && coin.x509);
        check(X509_set_version(coin.x509, X509_VERSION_3));
        check(ASN1_INTEGER_set(X509_get_serialNumber(coin.x509), serial++));
        check(X509_gmtime_adj(X509_getm_notBefore(coin.x509), from * DAY));
        check(X509_gmtime_adj(X509_getm_notAfter(coin.x509), until * DAY));
        check(X509_set_pubkey(coin.x509, coin.key));
        if (kind->name)
                check(X509_NAME_add_entry_by_NID(X509_get_subject_name(coin.x509), NID_commonName,
                        MBSTRING_UTF8, (const unsigned char *) kind->name, -1, -1, 0));
        check(X509_set_issuer_name(coin.x509, X509_get_subject_name(issuer->x509)));
        add_extensions(&coin, issuer, kind);
        check(X509_sign(coin.x509, issuer->key, EVP_sha256()));
        return coin;
}

void coin_deinit(Coin *coin) {
        EVP_PKEY_free(coin->key);
        X509_free(coin->x509);
        *coin = (Coin){};
}

/* --- PEM --------------------------------------------------------------------------------------------- */

static void put_bio(Buf *pem, BIO *bio) {
        char *data;
        long n = BIO_get_mem_data(bio, &data);

        buf_put(pem, data, (size_t) n);
        check_int(buf_error(pem), ==, 0);
        BIO_free(bio);
}

void coin_put_certificate(const Coin *coin, Buf *pem) {
        BIO *bio = BIO_new(BIO_s_mem());

        check(PEM_write_bio_X509(bio, coin->x509));
        put_bio(pem, bio);
}

void coin_put_key(const Coin *coin, Buf *pem, const char *passphrase) {
        const EVP_CIPHER *cipher = passphrase ? EVP_aes_128_cbc() : NULL;
        BIO *bio = BIO_new(BIO_s_mem());

        check(PEM_write_bio_PKCS8PrivateKey(
                bio, coin->key, cipher, passphrase, passphrase ? (int) strlen(passphrase) : 0, NULL, NULL));
        put_bio(pem, bio);
}

void coin_put(const Coin *coin, Buf *pem) {
        coin_put_key(coin, pem, NULL);
        coin_put_certificate(coin, pem);
}

void coin_put_crl(const Coin *authority, const Coin *revoked, Buf *pem) {
        ASN1_TIME *now = X509_gmtime_adj(NULL, -DAY), *later = X509_gmtime_adj(NULL, DAY);
        X509_CRL *crl = X509_CRL_new();
        BIO *bio = BIO_new(BIO_s_mem());

        check(now && later && crl && bio);
        check(X509_CRL_set_version(crl, X509_CRL_VERSION_2));
        check(X509_CRL_set_issuer_name(crl, X509_get_subject_name(authority->x509)));
        check(X509_CRL_set1_lastUpdate(crl, now));
        check(X509_CRL_set1_nextUpdate(crl, later));
        if (revoked) {
                X509_REVOKED *entry = X509_REVOKED_new();

                check(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509)));
                check(X509_REVOKED_set_revocationDate(entry, now));
                check(X509_CRL_add0_revoked(crl, entry));
        }
        check(X509_CRL_sign(crl, authority->key, EVP_sha256()));

        check(PEM_write_bio_X509_CRL(bio, crl));
        put_bio(pem, bio);
        X509_CRL_free(crl);
        ASN1_TIME_free(now);
        ASN1_TIME_free(later);
}
