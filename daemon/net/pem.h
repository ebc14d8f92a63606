/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is in a PEM file
 */

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Pem {
        unsigned n_keys;
        EVP_PKEY *key;                 /* the first of them; NULL: can't be read */
        bool encrypted;                /* that's why */
        STACK_OF(X509) * certificates; /* in their order */
        STACK_OF(X509_CRL) * crls;
} Pem;

#define PEM_INIT ((Pem){0})

/* 0, -ENOMEM, or -EINVAL and what is wrong in `error`. Parameters and text around blocks do not count. */
int pem_read(Pem *ret, const void *pem, size_t n, char *error, size_t n_error);
void pem_deinit(Pem *pem);
#define _cleanup_pem_ __attribute__((cleanup(pem_deinit)))
