/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a certificate says, for people
 *
 * Whoever connects may show any certificate, so its names are any octets. They end in the log and in what
 * administrators look at.
 */

#include "daemon/net/x509.h"

#include <openssl/err.h>
#include <string.h>
#include <time.h>

#define ESCAPED (ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_UTF8_CONVERT)

static int print_subject(BIO *bio, const X509 *x509) {
        const X509_NAME *name = X509_get_subject_name(x509);
        int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
        const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);

        return entry ? ASN1_STRING_print_ex(bio, X509_NAME_ENTRY_get_data(entry), ESCAPED)
                     : X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}

const char *x509_subject(const X509 *x509, char text[static X509_SUBJECT_MAX]) {
        BIO *bio = BIO_new(BIO_s_mem());
        int n = 0;

        if (bio && print_subject(bio, x509) > 0)
                n = BIO_read(bio, text, X509_SUBJECT_MAX - 1);
        text[n > 0 ? n : 0] = '\0';

        if (n <= 0)
                (void) stpcpy(text, "no name");
        else if (BIO_pending(bio) > 0)
                (void) stpcpy(text + n - 3, "...");

        BIO_free(bio);
        ERR_clear_error();
        return text;
}

uint64_t x509_time(const ASN1_TIME *time) {
        struct tm tm;
        time_t seconds;

        if (!ASN1_TIME_to_tm(time, &tm))
                return 0;

        seconds = timegm(&tm);
        return seconds > 0 ? (uint64_t) seconds : 0;
}

const char *x509_date(const ASN1_TIME *time, char text[static X509_DATE_MAX]) {
        struct tm tm;

        if (!ASN1_TIME_to_tm(time, &tm) || strftime(text, X509_DATE_MAX, "%Y-%m-%d", &tm) == 0)
                (void) stpcpy(text, "?");

        return text;
}
