/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SipHash-1-3
 *
 * Port IDs come from strangers; with a key they can't choose IDs that collide.
 */

#include <stdint.h>

#include "wire/str.h"

#define HASH_KEY_SIZE 16

uint64_t hash_str(const uint8_t key[static HASH_KEY_SIZE], Str s);
