/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Why TLS failed, for people
 */

#include <openssl/x509_vfy.h>

#define TLS_ERROR_MAX 256

/* From OpenSSL's queue of errors, which is empty afterwards. */
void tls_error_text(char text[static TLS_ERROR_MAX]);

/* What is wrong with the other side's certificate; in the verify callback. */
void tls_error_verify(char text[static TLS_ERROR_MAX], const X509_STORE_CTX *verify);
