/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * CBOR (RFC 8949), as far as messages need it
 *
 * CborScan finds the end of an item in a stream and checks that it is well-formed, in one pass, without
 * allocating and at any chunk boundary. A CborCursor then reads octets *that were checked*. Builders append
 * to a Buf, whose error is sticky.
 *
 * A byte string means characters 0 to 255, one octet each, and equals the text string with the same
 * characters. Whoever reads a string here gets UTF-8.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/str.h"

/* Arrays, maps and tags within each other, the outermost counts as 1. */
#define CBOR_DEPTH_MAX 512

/* --- checking --------------------------------------------------------------------------------------- */

typedef struct CborScan {
        size_t max;      /* largest item accepted, in octets */
        size_t used;     /* octets of the item seen so far */
        uint64_t skip;   /* octets of a string still to come */
        unsigned depth;  /* open levels */
        bool odd;        /* see cbor_scan() */
        uint8_t head[9]; /* a head that a chunk boundary cut */
        uint8_t head_len;
        /* per open level: items still to come, or one of the markers for indefinite lengths */
        uint64_t left[CBOR_DEPTH_MAX + 1];
} CborScan;

void cbor_scan_init(CborScan *scan, size_t max);

/* Feeds octets. Returns 1 when the item is complete, with the number of octets used of these in *ret_used; 0
 * when all n belong to it and more is to come; -EBADMSG when malformed, -ELOOP when too deep, -EMSGSIZE when
 * larger than max (as soon as a length says so). After an item, or an error, start anew with
 * cbor_scan_init().
 *
 * scan->odd is set when the item has something that can make a Perl peer's decoder fail, though it is
 * well-formed: simple values other than f4 to f6; the tags 0, 1, 4, 5, 25, 26, 29, 30, 32, 264, 265, whose
 * content it interprets; 2 and 3 on anything but a byte string of at most 512 octets. cbor_clean() takes it
 * out. */
int cbor_scan(CborScan *scan, const uint8_t *p, size_t n, size_t *ret_used);

/* The same for a whole item in memory: its length in *ret_len. -EAGAIN when it is cut off. */
int cbor_check(const uint8_t *p, size_t n, size_t max, size_t *ret_len, bool *ret_odd);

/* --- reading ---------------------------------------------------------------------------------------- */

typedef struct CborCursor {
        const uint8_t *p;
        const uint8_t *end;
} CborCursor;

typedef enum CborType {
        CBOR_END, /* no more octets, or the break of an indefinite array or map */
        CBOR_UINT,
        CBOR_NINT,
        CBOR_BYTES,
        CBOR_TEXT,
        CBOR_ARRAY,
        CBOR_MAP,
        CBOR_TAG,
        CBOR_FALSE,
        CBOR_TRUE,
        CBOR_NULL,
        CBOR_UNDEFINED,
        CBOR_SIMPLE,
        CBOR_DOUBLE, /* half, single, double */
} CborType;

#define CBOR_INDEFINITE UINT64_MAX

static inline CborCursor cbor_cursor(const void *p, size_t n) {
        return (CborCursor){p, n > 0 ? (const uint8_t *) p + n : p};
}

/* All readers return 0, or -EBADMSG when something else stands there (the cursor then has not moved). They
 * are safe, though not useful, on octets that were never checked: no reader leaves [p, end). */

CborType cbor_peek(const CborCursor *c);
int cbor_read_uint(CborCursor *c, uint64_t *ret); /* also a decimal string, a double that is an integer */
int cbor_read_double(CborCursor *c, double *ret); /* any number, a numeric string */
int cbor_read_bool(CborCursor *c, bool *ret); /* true, false; and as Perl has it: 1, 0, "1", "0", "", null */
int cbor_read_tag(CborCursor *c, uint64_t *ret);
/* Number of items (pairs of a map), or CBOR_INDEFINITE: then read until cbor_read_end() says true. */
int cbor_read_array(CborCursor *c, uint64_t *ret);
int cbor_read_map(CborCursor *c, uint64_t *ret);
/* Skips a break and says so. True at the end of the octets too. */
bool cbor_read_end(CborCursor *c);
/* A string as UTF-8: text strings, byte strings, both also in chunks; a number as its decimal string. Points
 * into the message when nothing had to be converted, else into scratch (appended there, so that several may
 * live side by side; -ENOMEM). Tags before it are skipped. Text that is not UTF-8 is handed out as it is. */
int cbor_read_str(CborCursor *c, Buf *scratch, Str *ret);
/* The same, and null as the empty string. */
int cbor_read_str_or_null(CborCursor *c, Buf *scratch, Str *ret);
/* One whole item. */
int cbor_skip(CborCursor *c);

/* --- writing ---------------------------------------------------------------------------------------- */

#define CBOR_HEAD_MAX 9
/* A head (major type 0 to 7, value) in its shortest form to `to`, at most CBOR_HEAD_MAX octets; returns its
 * length. */
size_t cbor_head(uint8_t *to, unsigned major, uint64_t value);

void cbor_put_uint(Buf *buf, uint64_t v);
void cbor_put_int(Buf *buf, int64_t v);
/* An integer when it is one within 32 bits, single when exact, else double. */
void cbor_put_double(Buf *buf, double v);
void cbor_put_bool(Buf *buf, bool v);
void cbor_put_null(Buf *buf);
void cbor_put_array(Buf *buf, uint64_t n);
void cbor_put_map(Buf *buf, uint64_t n);
void cbor_put_text(Buf *buf, Str s); /* must be UTF-8; cbor_put_str() for strings of unknown origin */
void cbor_put_str(Buf *buf, Str s);  /* each octet sequence that is not UTF-8 becomes U+FFFD */
void cbor_put_bytes(Buf *buf, const void *p, size_t n);

/* Appends the checked item p[0..n) with all replaced that makes such a decoder fail: unknown simple values
 * become null, tags whose content is not what it should be go (the content stays). */
void cbor_clean(Buf *to, const uint8_t *p, size_t n);
