/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Hash tables
 *
 * uthash, with a keyed hash: keys are chosen by strangers. Running out of memory in HASH_ADD leaves hh.tbl
 * NULL, which the caller has to look at (hash_failed()).
 */

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3 under the process's key. */
uint32_t hash_octets(const void *p, size_t n);
/* Sets the key. Once, before the first table exists. */
void hash_seed(const uint8_t key[16]);

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_octets(keyptr, keylen))
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define hash_failed(item) ((item)->hh.tbl == NULL)
