/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What TLS needs of us
 *
 * Which files are taken, and what is said about the others. Who is trusted then: test-tls.c.
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>

#include "daemon/net/certificate.h"
#include "tests/unit/mint.h"
#include "tests/unit/test.h"

static Certificate *taken(const Buf *pem, const Buf *ca) {
        char error[CERTIFICATE_ERROR_MAX] = "";
        Certificate *certificate;
        int r;

        r = certificate_new(
                &certificate, pem->data, pem->len, ca ? ca->data : NULL, ca ? ca->len : 0, error);
        if (r < 0)
                test_fail(__FILE__, __LINE__, "%d: %s", r, error);
        check_int(ERR_peek_error(), ==, 0);
        return certificate;
}

static void refused(const Buf *pem, const Buf *ca, const char *text) {
        char error[CERTIFICATE_ERROR_MAX] = "";
        Certificate *certificate;

        check_int(certificate_new(
                          &certificate, pem->data, pem->len, ca ? ca->data : NULL, ca ? ca->len : 0, error),
                ==, -EINVAL);
        check_str(error, text);
        check_int(ERR_peek_error(), ==, 0);
}

static int n_chain(const Certificate *certificate) {
        STACK_OF(X509) *chain = NULL;

        check(SSL_CTX_get0_chain_certs(certificate_context(certificate), &chain));
        return sk_X509_num(chain) > 0 ? sk_X509_num(chain) : 0;
}

static int n_trusted(const Certificate *certificate) {
        X509_STORE *store = SSL_CTX_get_cert_store(certificate_context(certificate));

        return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

TEST(shared_by_all) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_buf_ Buf pem = BUF_INIT;
        uint64_t now = (uint64_t) time(NULL);
        Certificate *certificate;

        coin_put(&coin, &pem);
        certificate = taken(&pem, NULL);
        check_str(certificate_subject(certificate), "host1");
        check_int(certificate_starts(certificate), <, now - 80000);
        check_int(certificate_starts(certificate), >, now - 90000);
        check_int(certificate_expires(certificate), >, now + 80000);
        check_int(certificate_expires(certificate), <, now + 90000);
        check_int(n_chain(certificate), ==, 0);
        check_int(n_trusted(certificate), ==, 1);
        certificate_free(certificate);
        certificate_free(NULL);
}

/* Made for AnyEvent::MP nodes. */
TEST(a_real_one) {
        _cleanup_buf_ Buf pem = BUF_INIT;
        FILE *file = fopen(VECTORS "/tls-node.pem", "re");
        uint8_t *room;
        Certificate *certificate;

        check(file);
        room = buf_extend(&pem, 65536);
        pem.len = fread(room, 1, 65536, file);
        fclose(file);

        certificate = taken(&pem, NULL);
        check(certificate_subject(certificate)[0]);
        check_int(certificate_expires(certificate), >, certificate_starts(certificate));
        certificate_free(certificate);
}

TEST(with_rsa_key) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1", .rsa_bits = 2048});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put_certificate(&coin, &pem);
        coin_put_key(&coin, &pem, NULL); /* in any order */
        certificate_free(taken(&pem, NULL));
}

TEST(expired_and_not_yet) {
        _cleanup_coin_ Coin old = mint(&(CoinKind){.name = "old", .from = -20, .until = -10});
        _cleanup_coin_ Coin new = mint(&(CoinKind){.name = "new", .from = 10, .until = 20});
        _cleanup_buf_ Buf pem = BUF_INIT;
        uint64_t now = (uint64_t) time(NULL);
        Certificate *certificate;

        coin_put(&old, &pem);
        certificate = taken(&pem, NULL);
        check_int(certificate_expires(certificate), <, now);
        certificate_free(certificate);

        buf_reset(&pem);
        coin_put(&new, &pem);
        certificate = taken(&pem, NULL);
        check_int(certificate_starts(certificate), >, now);
        certificate_free(certificate);
}

TEST(chain) {
        _cleanup_coin_ Coin root = mint(&(CoinKind){.name = "root", .ca = true});
        _cleanup_coin_ Coin middle = mint(&(CoinKind){.name = "middle", .ca = true, .issuer = &root});
        _cleanup_coin_ Coin lower = mint(&(CoinKind){.name = "lower", .ca = true, .issuer = &middle});
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1", .issuer = &lower});
        _cleanup_coin_ Coin other = mint(&(CoinKind){.name = "other", .ca = true});
        _cleanup_buf_ Buf pem = BUF_INIT, ca = BUF_INIT;
        Certificate *certificate;

        coin_put(&coin, &pem);
        coin_put_certificate(&other, &pem);
        coin_put_certificate(&root, &pem);
        coin_put_certificate(&middle, &pem);
        coin_put_certificate(&lower, &pem);
        certificate = taken(&pem, NULL);
        check_str(certificate_subject(certificate), "host1");
        check_int(n_chain(certificate), ==, 2);
        check_int(n_trusted(certificate), ==, 5);
        certificate_free(certificate);

        coin_put_certificate(&other, &ca);
        coin_put_certificate(&root, &ca);
        certificate = taken(&pem, &ca);
        check_int(n_chain(certificate), ==, 2);
        check_int(n_trusted(certificate), ==, 2);
        certificate_free(certificate);
}

TEST(nothing_in_it) {
        _cleanup_buf_ Buf pem = BUF_INIT;

        refused(&pem, NULL, "there is no private key and no certificate in it");
        buf_put(&pem, OCTETS("This is not what you are looking for.\n"));
        refused(&pem, NULL, "there is no private key and no certificate in it");
        buf_reset(&pem);
        for (size_t i = 0; i < 10000; i++)
                buf_putc(&pem, (uint8_t) (i * 31 >> 3));
        refused(&pem, NULL, "there is no private key and no certificate in it");
}

TEST(without_key) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1", .ca = true});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put_certificate(&coin, &pem);
        refused(&pem, NULL, "there is no private key in it");
}

TEST(without_certificate) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put_key(&coin, &pem, NULL);
        refused(&pem, NULL, "there is no certificate in it");
}

TEST(keys) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_coin_ Coin other = mint(&(CoinKind){.name = "host2"});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put_certificate(&coin, &pem);
        coin_put_key(&other, &pem, NULL);
        refused(&pem, NULL, "its private key does not belong to the first certificate in it");
        coin_put_certificate(&other, &pem);
        refused(&pem, NULL, "its private key belongs to a later certificate in it: our own has to be first");
        coin_put_key(&coin, &pem, NULL);
        refused(&pem, NULL, "there is more than one private key in it");
}

TEST(encrypted_key) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put_certificate(&coin, &pem);
        coin_put_key(&coin, &pem, "secret");
        refused(&pem, NULL,
                "its private key is encrypted: take the passphrase off, and let nobody else read it");

        buf_reset(&pem);
        coin_put_certificate(&coin, &pem);
        buf_put(&pem,
                OCTETS("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                       "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
                       "-----END RSA PRIVATE KEY-----\n"));
        refused(&pem, NULL,
                "its private key is encrypted: take the passphrase off, and let nobody else read it");
}

/* What OpenSSL finds too weak: said when the configuration is read, not at the first connection. */
TEST(weak_key) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1", .rsa_bits = 512});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put(&coin, &pem);
        refused(&pem, NULL, "its first certificate and private key can't be used (ee key too small)");
}

#define BLOCK(name, content) "-----BEGIN " name "-----\n" content "\n-----END " name "-----\n"

TEST(damaged) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_buf_ Buf pem = BUF_INIT;

        coin_put(&coin, &pem);
        pem.len -= 30;
        refused(&pem, NULL, "it is damaged (bad end line)");

        buf_reset(&pem);
        buf_put(&pem, OCTETS(BLOCK("CERTIFICATE", "!!!!")));
        refused(&pem, NULL, "it is damaged (bad base64 decode)");

        buf_reset(&pem);
        buf_put(&pem, OCTETS(BLOCK("CERTIFICATE", "AAAA")));
        refused(&pem, NULL, "a certificate in it can't be read");

        buf_reset(&pem);
        buf_put(&pem, OCTETS(BLOCK("X509 CRL", "AAAA")));
        refused(&pem, NULL, "a list of revoked certificates in it can't be read");

        buf_reset(&pem);
        coin_put_certificate(&coin, &pem);
        buf_put(&pem, OCTETS(BLOCK("EC PARAMETERS", "AAAA") BLOCK("PRIVATE KEY", "AAAA")));
        refused(&pem, NULL, "its private key can't be read");

        buf_reset(&pem);
        coin_put(&coin, &pem);
        buf_put(&pem, OCTETS(BLOCK("CERTIFICATE REQUEST", "AAAA")));
        refused(&pem, NULL,
                "there is something in it that is no certificate and no key: CERTIFICATE REQUEST");
}

TEST(authorities) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "host1"});
        _cleanup_buf_ Buf pem = BUF_INIT, ca = BUF_INIT;

        coin_put(&coin, &pem);
        buf_put(&ca, OCTETS("\n"));
        refused(&pem, &ca, "the authorities' file: there is no certificate in it");
        buf_put(&ca, OCTETS(BLOCK("CERTIFICATE", "AAAA")));
        refused(&pem, &ca, "the authorities' file: a certificate in it can't be read");

        buf_reset(&ca);
        coin_put_key(&coin, &ca, "secret"); /* not ours to read */
        coin_put_certificate(&coin, &ca);
        certificate_free(taken(&pem, &ca));
}

TEST(subjects) {
        static const struct {
                const char *name, *subject;
        } cases[] = {
                {NULL, "no name"},
                {"a b.example", "a b.example"},
                {"evil\nline \033[31m", "evil\\0Aline \\1B[31m"},
                {"M\xc3\xbcller", "M\\C3\\BCller"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = cases[i].name});
                _cleanup_buf_ Buf pem = BUF_INIT;
                Certificate *certificate;

                coin_put(&coin, &pem);
                certificate = taken(&pem, NULL);
                check_str(certificate_subject(certificate), cases[i].subject);
                certificate_free(certificate);
        }
}
