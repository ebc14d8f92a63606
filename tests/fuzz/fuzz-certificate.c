/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets that claim to be a certificate
 *
 * PEM as certificate_new() takes it: behind a line "ca" come the authorities. Or, when it begins as DER
 * does, a certificate that somebody shows, of which only what is said about it is looked at.
 */

#include <errno.h>
#include <openssl/err.h>

#include "daemon/net/certificate.h"
#include "daemon/net/x509.h"
#include "tests/fuzz/fuzz.h"

static bool is_printable(const char *text) {
        while (*text)
                if (*text < ' ' || *text++ > '~')
                        return false;

        return true;
}

static void check_certificate(const Certificate *certificate) {
        must(certificate_subject(certificate)[0] && is_printable(certificate_subject(certificate)));
        (void) certificate_starts(certificate);
        (void) certificate_expires(certificate);
        must(certificate_context(certificate));
}

static void fuzz_pem(const uint8_t *pem, size_t n, const uint8_t *ca, size_t n_ca) {
        char error[CERTIFICATE_ERROR_MAX] = "";
        Certificate *certificate = NULL;
        int r;

        r = certificate_new(&certificate, pem, n, ca, n_ca, error);
        must(r == 0 || r == -EINVAL);
        must(memchr(error, '\0', sizeof(error)));
        must(r == 0 || (error[0] && is_printable(error) && !certificate));
        must(ERR_peek_error() == 0);

        if (r == 0)
                check_certificate(certificate);
        certificate_free(certificate);
}

static void fuzz_der(const uint8_t *der, size_t n) {
        char subject[X509_SUBJECT_MAX], date[X509_DATE_MAX];
        X509 *x509;

        x509 = d2i_X509(NULL, &der, (long) n);
        if (x509) {
                must(x509_subject(x509, subject) == subject && subject[0] && is_printable(subject));
                must(is_printable(x509_date(X509_get0_notAfter(x509), date)) && date[0]);
                (void) x509_time(X509_get0_notAfter(x509));
        }

        X509_free(x509);
        ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char mark[] = "\nca\n";
        const uint8_t *ca;

        if (size == 0) {
                fuzz_pem(NULL, 0, NULL, 0);
                return 0;
        }
        if (data[0] == 0x30) {
                fuzz_der(data, size);
                return 0;
        }

        ca = memmem(data, size, mark, sizeof(mark) - 1);
        if (ca)
                fuzz_pem(data, (size_t) (ca - data), ca + sizeof(mark) - 1,
                        size - (size_t) (ca - data) - (sizeof(mark) - 1));
        else
                fuzz_pem(data, size, NULL, 0);
        return 0;
}
