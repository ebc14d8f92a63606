/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a message carries: letters that follow from its numbers, so that each octet can be checked where it
 * arrives
 */

#include "wire/buf.h"

typedef struct Stamp {
        unsigned talk;
        unsigned round;
        unsigned seq;
} Stamp;

/* Appends `size` letters. */
void payload_put(Buf *buf, const Stamp *stamp, size_t size);
bool payload_fits(Str payload, const Stamp *stamp);
