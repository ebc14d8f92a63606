/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * gencert
 *
 * The common set-up is one certificate for all nodes: signed by its own key, used by each as its own and as
 * the authority of the others'. So without --ca it is an authority's. It begins a day ago, since the clocks
 * of a network may differ.
 */

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "ctl/exit-status.h"
#include "ctl/keyfile.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

#define DAYS_DEFAULT 3650
#define SECONDS_PER_DAY 86400L
#define SERIAL_BITS 159 /* 20 octets are allowed, and the first bit is a sign */
#define CN_MAX 64       /* characters, of X.509 */

/* Who signs: the key in its file, that key's certificate, and all certificates as they are to follow. */
typedef struct Authority {
        EVP_PKEY *key;
        X509 *certificate;
        BIO *chain;
} Authority;

static void authority_deinit(Authority *ca) {
        EVP_PKEY_free(ca->key);
        X509_free(ca->certificate);
        BIO_free(ca->chain);
}

static void key_freep(EVP_PKEY **key) {
        EVP_PKEY_free(*key);
}

static void x509_freep(X509 **x509) {
        X509_free(*x509);
}

static void bio_freep(BIO **bio) {
        BIO_free(*bio);
}

#define _cleanup_authority_ __attribute__((cleanup(authority_deinit)))
#define _cleanup_key_ __attribute__((cleanup(key_freep)))
#define _cleanup_x509_ __attribute__((cleanup(x509_freep)))
#define _cleanup_bio_ __attribute__((cleanup(bio_freep)))

static const char *crypto_error(void) {
        return ERR_reason_error_string(ERR_peek_last_error()) ?: "out of memory";
}

static bool add_name(X509_NAME *to, const char *name) {
        return X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_UTF8, (const unsigned char *) name, -1, -1, 0);
}

/* --- the authority ----------------------------------------------------------------------------------- */

/* Its key may be encrypted: nobody is asked for a passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *userdata) {
        return -1;
}

/* The first one is its own. -EBADMSG: one of them is damaged. */
static int authority_read_certificates(Authority *ca, FILE *file) {
        X509 *next;

        ca->chain = BIO_new(BIO_s_mem());
        if (!ca->chain)
                return -ENOMEM;

        ERR_clear_error();
        while ((next = PEM_read_X509(file, NULL, no_passphrase, NULL))) {
                int written = PEM_write_bio_X509(ca->chain, next);

                if (ca->certificate)
                        X509_free(next);
                else
                        ca->certificate = next;
                if (!written)
                        return -ENOMEM;
        }

        return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? 0 : -EBADMSG;
}

/* Why it can't sign; NULL: it can. */
static const char *authority_check(const Authority *ca) {
        if (!ca->key)
                return "there is no private key in it, or none that can be read without a passphrase";
        if (!ca->certificate)
                return "there is no certificate in it";
        if (!X509_check_private_key(ca->certificate, ca->key))
                return "its first certificate is not that of its key";
        if (X509_check_ca(ca->certificate) != 1)
                return "its certificate is not that of an authority (CA:TRUE)";
        if (X509_cmp_current_time(X509_get0_notAfter(ca->certificate)) <= 0)
                return "its certificate has expired";
        return NULL;
}

static int authority_read(Authority *ca, const char *path) {
        const char *wrong;
        FILE *file;
        int r;

        file = fopen(path, "re");
        if (!file) {
                complain("%s: %s", path, strerror(errno));
                return -EINVAL;
        }

        ca->key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
        rewind(file);
        r = authority_read_certificates(ca, file);
        (void) fclose(file);

        wrong = r < 0 ? "a certificate in it can't be read" : authority_check(ca);
        if (!wrong)
                return 0;

        complain("%s: %s", path, wrong);
        return -EINVAL;
}

/* What seems to have signed itself is mistaken for its authority, or an end of the chain, by many. */
static bool authority_is_named(const Authority *ca, const char *name) {
        X509_NAME *subject = X509_NAME_new();
        bool same;

        same = subject && add_name(subject, name) &&
                X509_NAME_cmp(subject, X509_get_subject_name(ca->certificate)) == 0;
        X509_NAME_free(subject);
        return same;
}

/* --- the certificate --------------------------------------------------------------------------------- */

static bool set_serial(X509 *x509) {
        BIGNUM *bn = BN_new();
        bool ok;

        ok = bn && BN_rand(bn, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x509));
        BN_free(bn);
        return ok;
}

/* Not longer than its authority, with which it ends anyway. */
static bool set_times(X509 *x509, const X509 *issuer, uint64_t days) {
        const ASN1_TIME *limit = issuer ? X509_get0_notAfter(issuer) : NULL;

        if (!X509_gmtime_adj(X509_getm_notBefore(x509), -SECONDS_PER_DAY) ||
                !X509_time_adj_ex(X509_getm_notAfter(x509), (int) days, 0, NULL))
                return false;
        return !limit || ASN1_TIME_compare(X509_get0_notAfter(x509), limit) <= 0 ||
                X509_set1_notAfter(x509, limit);
}

static bool add_extension(X509 *x509, X509V3_CTX *ctx, int nid, const char *value) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
        bool ok;

        ok = extension && X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
        return ok;
}

/* The last one says which key signed, by the name that the issuer gave it. */
static bool add_extensions(X509 *x509, X509 *issuer) {
        const char *constraints = issuer ? "critical,CA:FALSE" : "critical,CA:TRUE";
        const char *usage =
                issuer ? "critical,digitalSignature" : "critical,digitalSignature,keyCertSign,cRLSign";
        X509V3_CTX ctx;

        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, issuer ?: x509, x509, NULL, NULL, 0);

        return add_extension(x509, &ctx, NID_basic_constraints, constraints) &&
                add_extension(x509, &ctx, NID_key_usage, usage) &&
                add_extension(x509, &ctx, NID_subject_key_identifier, "hash") &&
                (!issuer || !X509_get0_subject_key_id(issuer) ||
                        add_extension(x509, &ctx, NID_authority_key_identifier, "keyid"));
}

/* The digest for that key; NULL: it has one built in. */
static const EVP_MD *digest_of(EVP_PKEY *key) {
        return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

/* ca: NULL, it signs itself. */
static X509 *certificate_make(EVP_PKEY *key, const char *name, uint64_t days, const Authority *ca) {
        X509 *issuer = ca ? ca->certificate : NULL;
        EVP_PKEY *signer = ca ? ca->key : key;
        X509 *x509 = X509_new();

        if (x509 && X509_set_version(x509, X509_VERSION_3) && set_serial(x509) &&
                set_times(x509, issuer, days) && X509_set_pubkey(x509, key) &&
                add_name(X509_get_subject_name(x509), name) &&
                X509_set_issuer_name(x509, X509_get_subject_name(issuer ?: x509)) &&
                add_extensions(x509, issuer) && X509_sign(x509, signer, digest_of(signer)))
                return x509;

        X509_free(x509);
        return NULL;
}

/* --- the verb ---------------------------------------------------------------------------------------- */

static int give_out(const char *path, BIO *pem) {
        char *octets;
        long n = BIO_get_mem_data(pem, &octets);
        int r;

        if (!path)
                return output_text(octets, (size_t) n) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        r = keyfile_write(path, octets, (size_t) n);
        if (r >= 0)
                return EXIT_SUCCESS;

        complain("%s: %s", path, strerror(-r));
        if (r == -EEXIST)
                complain_hint("No key is ever overwritten: name another file, or move that one away.");
        return EXIT_FAILURE;
}

/* In secure memory as far as there is some: it holds the key. */
static int make(const char *path, const char *name, uint64_t days, const Authority *ca) {
        _cleanup_key_ EVP_PKEY *key = EVP_EC_gen("P-256");
        _cleanup_x509_ X509 *x509 = key ? certificate_make(key, name, days, ca) : NULL;
        _cleanup_bio_ BIO *pem = BIO_new(BIO_s_secmem());
        char *chain = NULL;
        long n = ca ? BIO_get_mem_data(ca->chain, &chain) : 0;

        if (!x509 || !pem || !PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) ||
                !PEM_write_bio_X509(pem, x509) || (n > 0 && BIO_write(pem, chain, (int) n) != n)) {
                complain("can't make the certificate: %s", crypto_error());
                return EXIT_FAILURE;
        }

        return give_out(path, pem);
}

static bool name_is_valid(const char *name) {
        const unsigned char *p = (const unsigned char *) name;
        int left = (int) strnlen(name, CN_MAX * 4 + 1), n = 0;

        while (left > 0) {
                unsigned long c;
                int size = UTF8_getc(p, left, &c);

                if (size <= 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
                        return false;
                p += size;
                left -= size;
                n++;
        }

        return n > 0 && n <= CN_MAX;
}

int verb_gencert(const Options *options, char **args) {
        _cleanup_authority_ Authority ca = {};
        char host[HOST_NAME_MAX + 1] = "";
        const char *name = options->name;

        if (!name) {
                (void) gethostname(host, sizeof(host) - 1);
                name = host;
        }
        if (!name_is_valid(name)) {
                complain("'%s' is no name for a certificate: 1 to %d printable characters", name, CN_MAX);
                return EXIT_USAGE;
        }

        if (options->ca && authority_read(&ca, options->ca) < 0)
                return EXIT_FAILURE;
        if (options->ca && authority_is_named(&ca, name)) {
                complain("the authority's name is '%s' too: give this one another --name", name);
                return EXIT_USAGE;
        }

        return make(options->output, name, options->days ?: DAYS_DEFAULT, options->ca ? &ca : NULL);
}
