/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/payload.h"

#include "tests/world/rng.h"

static uint64_t payload_start(const Stamp *stamp) {
        return ((uint64_t) stamp->talk << 40) ^ ((uint64_t) stamp->round << 20) ^ stamp->seq;
}

/* Eight letters, 'a' to 'p'. */
static uint64_t payload_next(uint64_t *state) {
        return (rng_mix(state) & 0x0f0f0f0f0f0f0f0f) + 0x6161616161616161;
}

void payload_put(Buf *buf, const Stamp *stamp, size_t size) {
        uint64_t state = payload_start(stamp);
        uint8_t *to = buf_extend(buf, size);

        for (size_t i = 0; to && i < size; i += 8) {
                uint64_t letters = payload_next(&state);

                memcpy(to + i, &letters, size - i < 8 ? size - i : 8);
        }
}

bool payload_fits(Str payload, const Stamp *stamp) {
        uint64_t state = payload_start(stamp);

        for (size_t i = 0; i < payload.n; i += 8) {
                uint64_t letters = payload_next(&state);

                if (memcmp(payload.p + i, &letters, payload.n - i < 8 ? payload.n - i : 8) != 0)
                        return false;
        }

        return true;
}
