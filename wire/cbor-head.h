/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The first octets of a CBOR item
 *
 * Major type and value, shared by all that walk over CBOR here. Everything that makes a single head
 * malformed is decided in this place.
 */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
        CBOR_MAJOR_UINT,
        CBOR_MAJOR_NINT,
        CBOR_MAJOR_BYTES,
        CBOR_MAJOR_TEXT,
        CBOR_MAJOR_ARRAY,
        CBOR_MAJOR_MAP,
        CBOR_MAJOR_TAG,
        CBOR_MAJOR_SIMPLE,
};

enum {
        CBOR_SIMPLE_FALSE = 20,
        CBOR_SIMPLE_TRUE = 21,
        CBOR_SIMPLE_NULL = 22,
        CBOR_SIMPLE_UNDEFINED = 23,
};

enum {
        CBOR_INFO_1 = 24,
        CBOR_INFO_2 = 25,
        CBOR_INFO_4 = 26,
        CBOR_INFO_8 = 27,
        CBOR_INFO_INDEFINITE = 31,
};

/* With major type 7 this info is the break, and CBOR_INFO_2 to CBOR_INFO_8 are doubles of that width. */
typedef struct CborHead {
        uint64_t value;
        uint8_t major;
        uint8_t info;
} CborHead;

/* Octets of the head that begins with this one. */
static inline size_t cbor_head_len(uint8_t first) {
        uint8_t info = first & 0x1f;

        return info < CBOR_INFO_1 || info > CBOR_INFO_8 ? 1 : 1 + ((size_t) 1 << (info - CBOR_INFO_1));
}

/* Takes a head from *p: 1, 0 when it is cut off (*p stays), or -EBADMSG. */
static inline int cbor_head_take(const uint8_t **p, const uint8_t *end, CborHead *ret) {
        const uint8_t *at = *p;
        uint8_t major, info;
        uint64_t value;
        size_t len;

        if (at == end)
                return 0;

        major = at[0] >> 5;
        info = at[0] & 0x1f;
        value = info;
        len = 1;

        if (info >= CBOR_INFO_1) {
                len = cbor_head_len(at[0]);
                if ((size_t) (end - at) < len)
                        return 0;

                switch (info) {
                case CBOR_INFO_1:
                        value = at[1];
                        if (major == CBOR_MAJOR_SIMPLE && value < 32)
                                return -EBADMSG;
                        break;
                case CBOR_INFO_2:
                        value = (uint64_t) at[1] << 8 | at[2];
                        break;
                case CBOR_INFO_4: {
                        uint32_t v;

                        memcpy(&v, at + 1, sizeof(v));
                        value = be32toh(v);
                        break;
                }
                case CBOR_INFO_8:
                        memcpy(&value, at + 1, sizeof(value));
                        value = be64toh(value);
                        break;
                case CBOR_INFO_INDEFINITE:
                        if (major < CBOR_MAJOR_BYTES || major == CBOR_MAJOR_TAG)
                                return -EBADMSG;
                        break;
                default:
                        return -EBADMSG;
                }
        }

        *ret = (CborHead){.value = value, .major = major, .info = info};
        *p = at + len;
        return 1;
}

static inline bool cbor_head_is_indefinite(const CborHead *head) {
        return head->info == CBOR_INFO_INDEFINITE && head->major != CBOR_MAJOR_SIMPLE;
}

static inline bool cbor_head_is_break(const CborHead *head) {
        return head->info == CBOR_INFO_INDEFINITE && head->major == CBOR_MAJOR_SIMPLE;
}

static inline bool cbor_head_is_string(const CborHead *head) {
        return head->major == CBOR_MAJOR_BYTES || head->major == CBOR_MAJOR_TEXT;
}

/* See cbor_scan() on what is odd. f7 is, since CBOR::XS takes no undefined as the key of a map. */
static inline bool cbor_head_is_odd_simple(const CborHead *head) {
        return head->major == CBOR_MAJOR_SIMPLE && head->info <= CBOR_INFO_1 &&
                (head->value < CBOR_SIMPLE_FALSE || head->value > CBOR_SIMPLE_NULL);
}

/* Of a tag. Those that CBOR::XS 1.86 makes something of, and dies when it can't (in two cases after a very
 * long time): each was tried. The others it knows take any content, and those it does not know it keeps. */
static inline bool cbor_head_is_odd_tag(const CborHead *head) {
        switch (head->value) {
        case 0:   /* date and time as text */
        case 1:   /* and as a number */
        case 4:   /* decimal fraction */
        case 5:   /* big float */
        case 25:  /* reference to an earlier string */
        case 26:  /* Perl object */
        case 29:  /* reference to an earlier value */
        case 30:  /* rational number */
        case 32:  /* URI: needs a module that not everybody has */
        case 264: /* decimal fraction with a large exponent */
        case 265: /* big float with one */
                return true;
        default:
                return false;
        }
}

/* Large integers are in use, and fine when their content is right. 64 KiB take CBOR::XS a minute. */
static inline bool cbor_head_is_bignum(const CborHead *head) {
        return head->major == CBOR_MAJOR_TAG && (head->value == 2 || head->value == 3);
}

#define CBOR_BIGNUM_MAX 512 /* octets */

/* Is the item after such a tag, by its head, odd? */
static inline bool cbor_head_is_odd_bignum(const CborHead *content) {
        return content->major != CBOR_MAJOR_BYTES || cbor_head_is_indefinite(content) ||
                content->value > CBOR_BIGNUM_MAX;
}
