/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * SipHash-1-3 (Aumasson, Bernstein): short keys, and nobody who doesn't know the key can make them collide.
 * One key a process: several nodes of one test share it, and the first of them sets it.
 */

#include "daemon/core/hash.h"

#include <stdbool.h>
#include <string.h>

static uint64_t hash_key[2];
static bool hash_seeded;

void hash_seed(const uint8_t key[16]) {
        if (hash_seeded)
                return;

        memcpy(hash_key, key, sizeof(hash_key));
        hash_seeded = true;
}

static inline uint64_t rotl(uint64_t x, unsigned b) {
        return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4]) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);
        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
}

uint32_t hash_octets(const void *p, size_t n) {
        const uint8_t *in = p;
        uint64_t last = (uint64_t) n << 56;
        uint64_t v[4] = {
                hash_key[0] ^ 0x736f6d6570736575ULL,
                hash_key[1] ^ 0x646f72616e646f6dULL,
                hash_key[0] ^ 0x6c7967656e657261ULL,
                hash_key[1] ^ 0x7465646279746573ULL,
        };
        uint64_t m;

        for (; n >= 8; in += 8, n -= 8) {
                memcpy(&m, in, 8);
                v[3] ^= m;
                sip_round(v);
                v[0] ^= m;
        }

        for (size_t i = 0; i < n; i++)
                last |= (uint64_t) in[i] << (8 * i);

        v[3] ^= last;
        sip_round(v);
        v[0] ^= last;
        v[2] ^= 0xff;
        sip_round(v);
        sip_round(v);
        sip_round(v);

        m = v[0] ^ v[1] ^ v[2] ^ v[3];
        return (uint32_t) (m ^ m >> 32);
}
