/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: certificates
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/config/expiry.h"
#include "tests/unit/config-rig.h"
#include "tests/unit/mint.h"
#include "tests/unit/test.h"
#include "wire/buf.h"

static void write_pem(Rig *rig, const char *name, mode_t mode, Buf *pem) {
        buf_putc(pem, '\0');
        check_int(buf_error(pem), ==, 0);
        rig_write(rig, name, mode, (const char *) pem->data);
        buf_deinit(pem);
}

/* Key and certificate. */
static void write_coin(Rig *rig, const char *name, mode_t mode, const CoinKind *kind) {
        _cleanup_coin_ Coin coin = mint(kind);
        Buf pem = BUF_INIT;

        coin_put(&coin, &pem);
        write_pem(rig, name, mode, &pem);
}

static const CoinKind year = {.name = "year", .from = -1, .until = 365};

TEST(shared_by_all) {
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "node.pem", 0640, &year);
        check_int(rig_load_keys(&rig, "cert = \"node.pem\"; binds = [ \"*:1\" ]; seeds = [ \"hub:1\" ];"),
                ==, 0);
        check_str(rig.problems, "");
        check(rig.config->certificate);
        check(strstr(certificate_subject(rig.config->certificate), "year"));
        check_str(rig.config->cert, rig_path(&rig, "node.pem"));
        rig_deinit(&rig);
}

TEST(methods_that_need_a_secret) {
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "node.pem", 0600, &year);
        check_int(rig_load_keys(&rig,
                          "cert = \"node.pem\"; binds = [ \"*:1\" ];\nauth_offer = [ \"tls_sha3_512\", "
                          "\"hmac_sha3_512\" ];"),
                ==, 0);
        check_str(rig.problems,
                "Waempd.conf:3: auth_offer: \"hmac_sha3_512\" can't work without a secret or secret_file\n");
        check_int(rig_load_keys(&rig,
                          "cert = \"node.pem\"; binds = [ \"*:1\" ]; auth_accept = [ \"cleartext\" ];"),
                ==, -EINVAL);
        check(strstr(rig.problems, "no method in auth_accept works with what is configured\n"));
        rig_deinit(&rig);
}

TEST(with_an_authority) {
        _cleanup_coin_ Coin ca = mint(&(CoinKind){.name = "ca", .ca = true, .from = -1, .until = 365});
        Buf pem = BUF_INIT;
        Rig rig;

        rig_init(&rig);
        coin_put_certificate(&ca, &pem);
        write_pem(&rig, "ca.pem", 0644, &pem);
        write_coin(
                &rig, "node.pem", 0600, &(CoinKind){.name = "n", .issuer = &ca, .from = -1, .until = 365});
        check_int(rig_load_keys(&rig, "cert = \"node.pem\";\nca = \"ca.pem\";"), ==, 0);
        check_str(rig.problems, "");
        check(rig.config->certificate);
        check_str(rig.config->ca, rig_path(&rig, "ca.pem"));

        rig_write(&rig, "ca.pem", 0644, "nothing");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:2: node.pem, with ca.pem: the authorities' file: there is no certificate in "
                "it\n");
        rig_deinit(&rig);
}

TEST(names_are_relative_to_the_file_that_has_them) {
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "aempd.conf.d/node.pem", 0600, &year);
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { cert = \"node.pem\"; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->cert, rig_path(&rig, "aempd.conf.d/node.pem"));
        rig_deinit(&rig);
}

static void check_pem(const char *keys, const char *text, mode_t mode, const char *problems) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "pem", mode, text);
        check_int(rig_load_keys(&rig, "%s", keys), ==, -EINVAL);
        check_str(rig.problems, problems);
        rig_deinit(&rig);
}

TEST(files_that_are_none) {
        check_pem("cert = \"none\";", "", 0600, "aempd.conf:2: none: No such file or directory\n");
        check_pem("cert = \".\";", "", 0600, "aempd.conf:2: .: not a regular file\n");
        check_pem("\nca = \"none\"; cert = \"also\";", "", 0600,
                "aempd.conf:3: none: No such file or directory\n"
                "aempd.conf:3: also: No such file or directory\n");
        check_pem("cert = \"pem\";", "", 0600,
                "aempd.conf:2: pem: there is no private key and no certificate in it\n");
        check_pem("\nca = \"pem\";", "", 0600,
                "aempd.conf:3: ca says who signs certificates: that needs a cert, too\n");
}

TEST(a_file_that_is_too_large) {
        char *text = malloc((1 << 20) + 2);

        memset(text, 'x', (1 << 20) + 1);
        text[(1 << 20) + 1] = '\0';
        check_pem("cert = \"pem\";", text, 0600, "aempd.conf:2: pem: File too large\n");
        text[1 << 20] = '\0';
        check_pem("cert = \"pem\";", text, 0600,
                "aempd.conf:2: pem: there is no private key and no certificate in it\n");
        free(text);
}

/* Where it can't be read, the node has to be told once, not twice. */
TEST(a_bad_one_is_no_missing_one) {
        check_pem("cert = \"none\"; binds = [ \"*:1\" ];", "", 0600,
                "aempd.conf:2: none: No such file or directory\n");
}

TEST(a_key_that_everybody_may_read) {
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "node.pem", 0644, &year);
        check_int(rig_load_keys(&rig, "cert = \"node.pem\";"), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:2: everybody may read node.pem, with the key in it: chmod o-r node.pem\n");
        rig_deinit(&rig);
}

static void check_expiry(long from, long until, const char *problem) {
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "node.pem", 0600, &(CoinKind){.name = "n", .from = from, .until = until});
        check_int(rig_load_keys(&rig, "\ncert = \"node.pem\";"), ==, 0);
        rig.problems[*problem ? strlen(problem) : sizeof(rig.problems) - 1] = '\0';
        check_str(rig.problems, problem);
        rig_deinit(&rig);
}

TEST(expiry_is_a_warning) {
        check_expiry(-1, 31, "");
        check_expiry(-1, 29, "Waempd.conf:3: node.pem: this certificate expires in 2");
        check_expiry(-3, -1, "Waempd.conf:3: node.pem: this certificate expired at 2");
        check_expiry(1, 40, "Waempd.conf:3: node.pem: this certificate is not valid before 2");
}

TEST(expiry_to_the_second) {
        char text[EXPIRY_TEXT_MAX];
        uint64_t starts, expires;
        Rig rig;

        rig_init(&rig);
        write_coin(&rig, "node.pem", 0600, &year);
        check_int(rig_load_keys(&rig, "cert = \"node.pem\";"), ==, 0);
        starts = certificate_starts(rig.config->certificate);
        expires = certificate_expires(rig.config->certificate);

        check(expiry_problem(rig.config->certificate, starts - 1, text));
        check(strstr(text, "not valid before"));
        check(!expiry_problem(rig.config->certificate, starts, text));
        check(!expiry_problem(rig.config->certificate, expires - 30 * 86400, text));
        check(expiry_problem(rig.config->certificate, expires - 30 * 86400 + 1, text));
        check(strstr(text, "expires in 29 days, at "));
        check(expiry_problem(rig.config->certificate, expires, text));
        check(strstr(text, "expires in 0 days, at "));
        check(expiry_problem(rig.config->certificate, expires + 1, text));
        check(strstr(text, "expired at "));
        rig_deinit(&rig);
}

/* --- credentials ------------------------------------------------------------------------------------- */

TEST(credentials) {
        _cleanup_coin_ Coin ca = mint(&(CoinKind){.name = "ca", .ca = true, .from = -1, .until = 365});
        Buf pem = BUF_INIT;
        Rig rig;

        rig_init(&rig);
        check_int(setenv("CREDENTIALS_DIRECTORY", rig_path(&rig, "creds"), 1), ==, 0);
        write_coin(&rig, "creds/aempd.cert", 0644,
                &(CoinKind){.name = "credential", .issuer = &ca, .from = -1, .until = 365});
        coin_put_certificate(&ca, &pem);
        write_pem(&rig, "creds/aempd.ca", 0644, &pem);
        check_int(rig_load_keys(&rig, "binds = [ \"*:1\" ];"), ==, 0);
        check_str(rig.problems, "");
        check(strstr(certificate_subject(rig.config->certificate), "credential"));
        check_str(rig.config->ca, rig_path(&rig, "creds/aempd.ca"));

        write_coin(
                &rig, "node.pem", 0600, &(CoinKind){.name = "own", .issuer = &ca, .from = -1, .until = 365});
        check_int(rig_load_keys(&rig, "cert = \"node.pem\";"), ==, 0);
        check(strstr(certificate_subject(rig.config->certificate), "own"));
        check_str(rig.config->ca, rig_path(&rig, "creds/aempd.ca"));
        rig_deinit(&rig);
}
