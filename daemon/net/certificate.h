/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What TLS needs of us
 *
 * A private key, the certificate that goes with it (and those between it and its authority), and the
 * certificates that others' must be signed by. Read from PEM, checked, and never changed afterwards.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct Certificate Certificate;

#define CERTIFICATE_ERROR_MAX 256

/* `pem` holds the key and the certificates, the first of them is ours. Others' have to be signed by one of
 * those in `ca` (n_ca octets), or when that is NULL, by one of those in `pem`, ours included: all nodes may
 * share one self-signed certificate. 0, -ENOMEM, or -EINVAL: what is wrong is in `error`, for people,
 * without a file name
 * ("there is no private key in it"). One that is expired, or not valid yet, is not an error here. Where
 * there are lists of revoked certificates in either, others' certificates are looked up in them; there has
 * to be one of each authority then. */
int certificate_new(Certificate **ret, const void *pem, size_t n, const void *ca, size_t n_ca,
        char error[CERTIFICATE_ERROR_MAX]);
Certificate *certificate_free(Certificate *certificate);

/* Seconds since 1970. */
uint64_t certificate_starts(const Certificate *certificate);
uint64_t certificate_expires(const Certificate *certificate);
/* Its subject, for people; as long as the certificate. */
const char *certificate_subject(const Certificate *certificate);

/* For tls.c. */
struct ssl_ctx_st *certificate_context(const Certificate *certificate);
