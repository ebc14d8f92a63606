/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Elements of a message, or of a reason
 *
 * A view of CBOR items, one behind the other, well-formed.
 */

#include <stddef.h>
#include <stdint.h>

typedef struct Content {
        uint64_t n;
        const uint8_t *data;
        size_t size;
} Content;

#define CONTENT_EMPTY ((Content){0, NULL, 0})
