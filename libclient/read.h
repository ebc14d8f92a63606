/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values of a message, as programs want them
 *
 * Strings end with a NUL and stay where they are until the message goes. All return 0, -EBADMSG when
 * something else stands there, -ENOMEM.
 */

#include <stdint.h>

#include "libclient/public.h"
#include "wire/cbor.h"

/* Skips tags. */
int read_tags(CborCursor *c);
int read_null(CborCursor *c);
int read_int(aemp_msg *msg, CborCursor *c, int64_t *ret);
int read_str(aemp_msg *msg, CborCursor *c, const char **ret, size_t *ret_n);
/* The characters of a string as octets, if they are 0 to 255. */
int read_octets(aemp_msg *msg, CborCursor *c, const void **ret, size_t *ret_n);

/* 1: *ret is where the key's value is, the last one's if there are several; 0: no such key. */
int read_map_find(aemp_msg *msg, CborCursor map, Str key, CborCursor *ret);
/* Number of pairs. */
uint64_t read_map_count(CborCursor map);
