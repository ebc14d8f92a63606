/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Random numbers that a seed fixes (xoshiro256**, seeded by splitmix64)
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Rng {
        uint64_t s[4];
} Rng;

static inline uint64_t rng_mix(uint64_t *state) {
        uint64_t z = (*state += 0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
}

static inline void rng_init(Rng *rng, uint64_t seed) {
        for (int i = 0; i < 4; i++)
                rng->s[i] = rng_mix(&seed);
}

static inline uint64_t rng_rotl(uint64_t x, int k) {
        return (x << k) | (x >> (64 - k));
}

static inline uint64_t rng_next(Rng *rng) {
        uint64_t *s = rng->s, result = rng_rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rng_rotl(s[3], 45);
        return result;
}

/* 0 to n-1; 0 for n = 0. */
static inline uint64_t rng_below(Rng *rng, uint64_t n) {
        return n ? rng_next(rng) % n : 0;
}

/* a to b, both included. */
static inline uint64_t rng_between(Rng *rng, uint64_t a, uint64_t b) {
        return a + rng_below(rng, b - a + 1);
}

static inline bool rng_percent(Rng *rng, unsigned percent) {
        return rng_below(rng, 100) < percent;
}

/* 0 to max, each order of magnitude about as likely as the next: most are short. */
static inline uint64_t rng_delay(Rng *rng, uint64_t max) {
        unsigned bits = max ? 64 - (unsigned) __builtin_clzll(max) : 0;
        uint64_t v = rng_below(rng, 1ULL << rng_between(rng, 0, bits));

        return v > max ? max : v;
}
