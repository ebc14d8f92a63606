/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finding the end of a JSON text
 *
 * Only brackets and strings matter for that; whether what is between them is JSON is found out when it is
 * converted, which is when all of it is there.
 */

#include <errno.h>

#include "wire/cbor.h"
#include "wire/json-lex.h"
#include "wire/json.h"

void json_split_init(JsonSplit *split, size_t max) {
        *split = (JsonSplit){.max = max};
}

/* Within a string: moves past its end, or to the end of the octets. */
static const uint8_t *split_string(JsonSplit *split, const uint8_t *p, const uint8_t *end) {
        for (; p < end; p++) {
                if (!split->escape)
                        p = json_skip_plain(p, end);
                if (p == end)
                        break;

                if (split->escape)
                        split->escape = false;
                else if (*p == '\\')
                        split->escape = true;
                else if (*p == '"') {
                        split->string = false;
                        return p + 1;
                }
        }

        return end;
}

/* Outside of strings. 1: the text ends with this octet. */
static inline int split_octet(JsonSplit *split, uint8_t octet) {
        switch (octet) {
        case '"':
                if (split->depth == 0)
                        return -EBADMSG;
                split->string = true;
                return 0;
        case '[':
        case '{':
                if (split->depth == CBOR_DEPTH_MAX)
                        return -ELOOP;
                split->depth++;
                return 0;
        case ']':
        case '}':
                if (split->depth == 0)
                        return -EBADMSG;
                return --split->depth == 0;
        default:
                return split->depth == 0 ? -EBADMSG : 0;
        }
}

int json_split(JsonSplit *split, const uint8_t *data, size_t n, size_t *ret_used) {
        const uint8_t *p = data, *end = data + n, *begin;
        size_t room = split->max - split->used;
        int r;

        while (split->depth == 0 && p < end && json_is_space(*p))
                p++;

        begin = p;
        if ((size_t) (end - begin) > room)
                end = begin + room;

        while (p < end) {
                if (split->string) {
                        p = split_string(split, p, end);
                        continue;
                }

                r = split_octet(split, *p++);
                if (r < 0)
                        return r;
                if (r > 0) {
                        split->used += (size_t) (p - begin);
                        *ret_used = (size_t) (p - data);
                        return 1;
                }
        }

        if ((split->depth > 0 || end < data + n) && (size_t) (p - begin) == room)
                return -EMSGSIZE;

        split->used += (size_t) (p - begin);
        *ret_used = n;
        return 0;
}
