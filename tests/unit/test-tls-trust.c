/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * TLS on a link: whom to trust
 *
 * Who is refused, and what the administrators of both sides are told.
 */

#include <stdio.h>

#include "daemon/net/x509.h"
#include "tests/unit/test.h"
#include "tests/unit/tls-rig.h"

/* What each side shows, whom it trusts (NULL: those in there), and why it ends. NULL: it does not. */
typedef struct Case {
        const Buf *pem, *ca;
        const char *told;
} Case;

static void check_told(const End *end, const Case *c) {
        check_int(end->gone, ==, c->told != NULL);
        if (!c->told)
                return;

        check_contains(end->why, c->told);
        check_int(strncmp(end->why, "TLS: ", 5) == 0, ==, end->secured); /* else the core says so */
}

static void judge(const Case *client, const Case *server) {
        for (size_t i = 0; i < 2; i++) {
                Two two;

                two_init_with(&two, client->pem, client->ca, server->pem, server->ca);
                end_set_version(&two.client, tls_versions[i]);
                two.client.word = two.server.word = "secret";
                two_begin(&two);
                check_told(&two.client, client);
                check_told(&two.server, server);
                check_int(two.client.in.len, ==, client->told || server->told ? 0 : strlen("secret"));
                check_int(two.server.in.len, ==, client->told || server->told ? 0 : strlen("secret"));
                two_deinit(&two);
        }
}

TEST(expired) {
        _cleanup_coin_ Coin root = mint(&(CoinKind){.name = "root", .ca = true});
        _cleanup_coin_ Coin old =
                mint(&(CoinKind){.name = "host1", .issuer = &root, .from = -9, .until = -5});
        _cleanup_coin_ Coin new = mint(&(CoinKind){.name = "host2", .issuer = &root, .from = 5, .until = 9});
        _cleanup_coin_ Coin good = mint(&(CoinKind){.name = "host3", .issuer = &root});
        _cleanup_buf_ Buf ca = BUF_INIT, pem_old = BUF_INIT, pem_new = BUF_INIT, pem = BUF_INIT;
        char text[512], date[X509_DATE_MAX];

        coin_put_certificate(&root, &ca);
        coin_put(&old, &pem_old);
        coin_put(&new, &pem_new);
        coin_put(&good, &pem);

        (void) snprintf(text, sizeof(text), "the other side's certificate has expired (host1, until %s)",
                x509_date(X509_get0_notAfter(old.x509), date));
        judge(&(Case){&pem_old, &ca,
                      "the other side does not accept our certificate (alert certificate expired)"},
                &(Case){&pem, &ca, text});
        judge(&(Case){&pem, &ca, text},
                &(Case){&pem_old, &ca,
                        "the other side does not accept our certificate (alert certificate expired)"});

        (void) snprintf(text, sizeof(text), "the other side's certificate is not valid yet (host2, from %s)",
                x509_date(X509_get0_notBefore(new.x509), date));
        judge(&(Case){&pem, &ca, text},
                &(Case){&pem_new, &ca,
                        "the other side does not accept our certificate (alert bad certificate)"});
}

TEST(not_trusted) {
        _cleanup_coin_ Coin one = mint(&(CoinKind){.name = "one"});
        _cleanup_coin_ Coin two = mint(&(CoinKind){.name = "two"});
        _cleanup_buf_ Buf pem_one = BUF_INIT, pem_two = BUF_INIT, both = BUF_INIT;
        static const char stranger[] = "the other side's certificate is not signed by an authority that is "
                                       "trusted here (self-signed certificate)";
        static const char refused[] = "the other side does not accept our certificate (alert unknown CA)";

        coin_put(&one, &pem_one);
        coin_put(&two, &pem_two);
        coin_put_certificate(&one, &both);
        coin_put_certificate(&two, &both);

        judge(&(Case){&pem_one, NULL, stranger}, &(Case){&pem_two, NULL, refused});
        judge(&(Case){&pem_one, &both, refused}, &(Case){&pem_two, NULL, stranger});
        judge(&(Case){&pem_one, &both, NULL}, &(Case){&pem_two, &both, NULL});
        judge(&(Case){&pem_one, &pem_two, stranger}, &(Case){&pem_one, NULL, refused});
}

TEST(authorities) {
        _cleanup_coin_ Coin root = mint(&(CoinKind){.name = "root", .ca = true});
        _cleanup_coin_ Coin middle = mint(&(CoinKind){.name = "middle", .ca = true, .issuer = &root});
        _cleanup_coin_ Coin low = mint(&(CoinKind){.name = "low", .issuer = &middle});
        _cleanup_coin_ Coin high = mint(&(CoinKind){.name = "high", .issuer = &root, .rsa_bits = 2048});
        _cleanup_coin_ Coin forged = mint(&(CoinKind){.name = "forged", .issuer = &high});
        _cleanup_buf_ Buf ca = BUF_INIT, ca_middle = BUF_INIT, ca_high = BUF_INIT;
        _cleanup_buf_ Buf pem_low = BUF_INIT, pem_high = BUF_INIT, pem_bare = BUF_INIT,
                          pem_forged = BUF_INIT;
        static const char refused[] = "the other side does not accept our certificate (alert unknown CA)";
        static const char issuer[] = "the other side's certificate is not signed by an authority that is "
                                     "trusted here (unable to get local issuer certificate)";

        coin_put_certificate(&root, &ca);
        coin_put_certificate(&middle, &ca_middle);
        coin_put_certificate(&high, &ca_high);
        coin_put(&high, &pem_high);
        coin_put(&low, &pem_bare);
        coin_put(&low, &pem_low);
        coin_put_certificate(&middle, &pem_low);
        coin_put(&forged, &pem_forged);
        coin_put_certificate(&high, &pem_forged);

        judge(&(Case){&pem_low, &ca, NULL}, &(Case){&pem_high, &ca, NULL});
        judge(&(Case){&pem_high, &ca, NULL}, &(Case){&pem_low, &ca, NULL});
        judge(&(Case){&pem_high, &ca, issuer}, &(Case){&pem_bare, &ca, refused});

        /* trusted by themselves, self-signed or not */
        judge(&(Case){&pem_bare, &ca, NULL}, &(Case){&pem_high, &ca_middle, NULL});
        judge(&(Case){&pem_high, &ca_high, NULL}, &(Case){&pem_high, NULL, NULL});

        /* that one is no authority */
        judge(&(Case){&pem_low, &ca, "an authority of the other side's certificate is refused (high: "},
                &(Case){&pem_forged, &ca, "the other side does not accept our certificate"});
}

/* A certificate for something else will do. */
TEST(any_purpose) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "odd", .usage = "codeSigning"});
        _cleanup_coin_ Coin server = mint(&(CoinKind){.name = "server", .usage = "serverAuth"});
        _cleanup_buf_ Buf pem = BUF_INIT, pem_server = BUF_INIT;

        coin_put(&coin, &pem);
        judge(&(Case){&pem, NULL, NULL}, &(Case){&pem, NULL, NULL});
        coin_put(&server, &pem_server);
        judge(&(Case){&pem_server, NULL, NULL}, &(Case){&pem_server, NULL, NULL});
}

TEST(revoked) {
        _cleanup_coin_ Coin root = mint(&(CoinKind){.name = "root", .ca = true});
        _cleanup_coin_ Coin bad = mint(&(CoinKind){.name = "bad", .issuer = &root});
        _cleanup_coin_ Coin good = mint(&(CoinKind){.name = "good", .issuer = &root});
        _cleanup_coin_ Coin other = mint(&(CoinKind){.name = "other", .ca = true});
        _cleanup_buf_ Buf ca = BUF_INIT, ca_crl = BUF_INIT, pem_bad = BUF_INIT, pem_good = BUF_INIT,
                          pem_crl = BUF_INIT;

        coin_put_certificate(&root, &ca);
        coin_put_certificate(&root, &ca_crl);
        coin_put_crl(&root, &bad, &ca_crl);
        coin_put(&bad, &pem_bad);
        coin_put(&good, &pem_good);

        judge(&(Case){&pem_bad, &ca, NULL}, &(Case){&pem_good, &ca, NULL});
        judge(&(Case){&pem_good, &ca_crl, NULL}, &(Case){&pem_good, &ca, NULL});
        judge(&(Case){&pem_good, &ca_crl, "the other side's certificate has been revoked (bad)"},
                &(Case){&pem_bad, &ca,
                        "the other side does not accept our certificate (alert certificate revoked)"});

        coin_put(&good, &pem_crl); /* beside the own certificate */
        coin_put_crl(&root, &bad, &pem_crl);
        judge(&(Case){&pem_crl, &ca, "the other side's certificate has been revoked (bad)"},
                &(Case){&pem_bad, &ca, "alert certificate revoked"});

        /* a list of one authority says nothing of another's */
        buf_reset(&ca_crl);
        coin_put_certificate(&root, &ca_crl);
        coin_put_crl(&other, NULL, &ca_crl);
        judge(&(Case){&pem_good, &ca_crl,
                      "the other side's certificate is refused (good: unable to get certificate CRL)"},
                &(Case){&pem_good, &ca, "the other side does not accept our certificate"});
}
