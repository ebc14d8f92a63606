/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a certificate says, for people
 */

#include <openssl/x509.h>
#include <stdint.h>

#define X509_SUBJECT_MAX 128
#define X509_DATE_MAX 16

/* Its common name, or else all of its subject; shortened if need be, ASCII only. Returns text. */
const char *x509_subject(const X509 *x509, char text[static X509_SUBJECT_MAX]);

/* Seconds since 1970, 0 for what is before that or no time. */
uint64_t x509_time(const ASN1_TIME *time);
/* "2025-01-01". Returns text. */
const char *x509_date(const ASN1_TIME *time, char text[static X509_DATE_MAX]);
