/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * SipHash-1-3
 */

#include <endian.h>

#include "libclient/hash.h"

typedef struct Sip {
        uint64_t a, b, c, d;
} Sip;

static uint64_t load(const void *p) {
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        return le64toh(v);
}

static uint64_t rotate(uint64_t v, int n) {
        return (v << n) | (v >> (64 - n));
}

static void sip_round(Sip *s) {
        s->a += s->b;
        s->b = rotate(s->b, 13) ^ s->a;
        s->a = rotate(s->a, 32);
        s->c += s->d;
        s->d = rotate(s->d, 16) ^ s->c;
        s->a += s->d;
        s->d = rotate(s->d, 21) ^ s->a;
        s->c += s->b;
        s->b = rotate(s->b, 17) ^ s->c;
        s->c = rotate(s->c, 32);
}

static void sip_word(Sip *s, uint64_t word) {
        s->d ^= word;
        sip_round(s);
        s->a ^= word;
}

uint64_t hash_str(const uint8_t key[static HASH_KEY_SIZE], Str str) {
        uint64_t k0 = load(key), k1 = load(key + 8), last = (uint64_t) str.n << 56;
        Sip s = {
                k0 ^ UINT64_C(0x736f6d6570736575),
                k1 ^ UINT64_C(0x646f72616e646f6d),
                k0 ^ UINT64_C(0x6c7967656e657261),
                k1 ^ UINT64_C(0x7465646279746573),
        };
        const char *p = str.p;
        size_t n = str.n;

        for (; n >= 8; p += 8, n -= 8)
                sip_word(&s, load(p));
        for (size_t i = 0; i < n; i++)
                last |= (uint64_t) (uint8_t) p[i] << (8 * i);
        sip_word(&s, last);

        s.c ^= 0xff;
        for (int i = 0; i < 3; i++)
                sip_round(&s);

        return s.a ^ s.b ^ s.c ^ s.d;
}
