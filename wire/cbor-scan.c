/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finding the end of a CBOR item
 *
 * Every octet that aempd relays goes through here once, so this is one loop without recursion that keeps
 * what it needs in registers. The stack of open levels is touched only when there are levels within levels:
 * level d has its count in left[d - 1], but for the innermost one, whose count is in a local variable until
 * the octets run out. The item itself is level 0 and needs no place there: it is over when nothing is open.
 *
 * A count of items that is larger than the octets that may still come is refused at once, as is such a
 * length, so a claim costs nothing.
 */

#include "wire/cbor-head.h"
#include "wire/cbor.h"

/* What is left of a level that ends with a break. LEFT_BIGNUM is one item, the content of such a tag. */
#define LEFT_ARRAY UINT64_MAX
#define LEFT_KEY (UINT64_MAX - 1)
#define LEFT_VALUE (UINT64_MAX - 2)
#define LEFT_BYTES (UINT64_MAX - 3)
#define LEFT_TEXT (UINT64_MAX - 4)
#define LEFT_BIGNUM (UINT64_MAX - 5)
#define LEFT_COUNT_MAX (UINT64_MAX - 6)

/* What is in registers while scanning. */
typedef struct Level {
        uint64_t left; /* items still to come at the innermost level */
        uint64_t skip; /* octets of a string still to come */
        unsigned depth;
} Level;

/* Octets of items whose length their first octet tells, those that are odd excepted; 0 for all others. */
#define PLAIN_STRING 255 /* the second octet has the rest of the length */

static const uint8_t plain_len[256] = {
        /* clang-format off */
        [0x00 ... 0x17] = 1, [0x18] = 2, [0x19] = 3, [0x1a] = 5, [0x1b] = 9,
        [0x20 ... 0x37] = 1, [0x38] = 2, [0x39] = 3, [0x3a] = 5, [0x3b] = 9,
        [0x40] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, PLAIN_STRING,
        [0x60] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, PLAIN_STRING,
        [0xf4 ... 0xf6] = 1, [0xf9] = 3, [0xfa] = 5, [0xfb] = 9,
        /* clang-format on */
};

void cbor_scan_init(CborScan *scan, size_t max) {
        /* No memory is larger, and counts stay clear of the marks above. */
        scan->max = max < PTRDIFF_MAX ? max : PTRDIFF_MAX;
        scan->used = 0;
        scan->skip = 0;
        scan->depth = 0;
        scan->odd = false;
        scan->head_len = 0;
}

static inline void level_push(CborScan *scan, Level *level, uint64_t left) {
        if (level->depth > 0)
                scan->left[level->depth - 1] = level->left;
        level->depth++;
        level->left = left;
}

/* Leaves the levels that are complete; true: the whole item is. */
static inline bool level_close(CborScan *scan, Level *level) {
        while (level->left == 0) {
                if (level->depth == 0)
                        return true;

                level->depth--;
                level->left = level->depth > 0 ? scan->left[level->depth - 1] : 0;
        }

        return false;
}

/* Until there are more octets. */
static inline void level_keep(CborScan *scan, const Level *level) {
        scan->skip = level->skip;
        scan->depth = level->depth;
        if (level->depth > 0)
                scan->left[level->depth - 1] = level->left;
}

/* Moves over the octets of a string; false when it does not end here. */
static inline bool level_skip(Level *level, const uint8_t **p, const uint8_t *end) {
        uint64_t here = (uint64_t) (end - *p);

        if (level->skip > here) {
                level->skip -= here;
                return false;
        }

        *p += level->skip;
        level->skip = 0;
        return true;
}

/* Counts an item that begins at this level; false when it can't stand there. */
static inline bool level_count(CborScan *scan, Level *level, const CborHead *head) {
        if (level->left <= LEFT_COUNT_MAX) {
                level->left--;
                return !cbor_head_is_break(head);
        }

        if (level->left == LEFT_BIGNUM) {
                scan->odd |= cbor_head_is_odd_bignum(head);
                level->left = 0;
                return !cbor_head_is_break(head);
        }

        if (cbor_head_is_break(head)) {
                bool ok = level->left != LEFT_VALUE;

                level->left = 0;
                return ok;
        }

        if (level->left == LEFT_KEY)
                level->left = LEFT_VALUE;
        else if (level->left == LEFT_VALUE)
                level->left = LEFT_KEY;
        else if (level->left == LEFT_BYTES)
                return head->major == CBOR_MAJOR_BYTES && !cbor_head_is_indefinite(head);
        else if (level->left == LEFT_TEXT)
                return head->major == CBOR_MAJOR_TEXT && !cbor_head_is_indefinite(head);

        return true;
}

/* An item begins; `room` octets may still come. */
static inline int scan_item(CborScan *scan, Level *level, const CborHead *head, uint64_t room) {
        uint64_t left;

        if (!level_count(scan, level, head))
                return -EBADMSG;

        switch (head->major) {
        case CBOR_MAJOR_UINT:
        case CBOR_MAJOR_NINT:
                return 0;

        case CBOR_MAJOR_SIMPLE:
                scan->odd |= cbor_head_is_odd_simple(head);
                return 0;

        case CBOR_MAJOR_BYTES:
        case CBOR_MAJOR_TEXT:
                if (cbor_head_is_indefinite(head))
                        level_push(scan, level, head->major == CBOR_MAJOR_BYTES ? LEFT_BYTES : LEFT_TEXT);
                else if (head->value > room)
                        return -EMSGSIZE;
                else
                        level->skip = head->value;
                return 0;

        case CBOR_MAJOR_ARRAY:
                if (!cbor_head_is_indefinite(head) && head->value > room)
                        return -EMSGSIZE;
                left = cbor_head_is_indefinite(head) ? LEFT_ARRAY : head->value;
                break;

        case CBOR_MAJOR_MAP:
                if (!cbor_head_is_indefinite(head) && head->value > room / 2)
                        return -EMSGSIZE;
                left = cbor_head_is_indefinite(head) ? LEFT_KEY : head->value * 2;
                break;

        default: /* a tag */
                scan->odd |= cbor_head_is_odd_tag(head);
                left = cbor_head_is_bignum(head) ? LEFT_BIGNUM : 1;
        }

        if (level->depth >= CBOR_DEPTH_MAX)
                return -ELOOP;

        level_push(scan, level, left);
        return 0;
}

/* How nearly all messages begin: an array whose length is in the first octet. */
static inline bool is_short_array(uint8_t first) {
        return first >= CBOR_MAJOR_ARRAY << 5 && first < (CBOR_MAJOR_ARRAY << 5 | CBOR_INFO_1);
}

/* Moves over items that need no closer look, as nearly all do; false when there was none. */
static inline bool scan_plain(Level *level, const uint8_t **p, const uint8_t *end) {
        const uint8_t *at = *p;

        while (level->left > 0 && at < end) {
                size_t len = plain_len[*at], here = (size_t) (end - at);

                if (len == PLAIN_STRING && here > 1)
                        len = 2 + (size_t) at[1];
                if (len == 0 || len > here)
                        break;

                at += len;
                level->left--;
        }

        if (at == *p)
                return false;

        *p = at;
        return true;
}

/* Completes a head that a chunk boundary cut: 1, 0 when it is still cut, or an error. */
static int scan_cut_head(CborScan *scan, const uint8_t **p, const uint8_t *end, CborHead *ret) {
        const uint8_t *head = scan->head;
        size_t len = cbor_head_len(head[0]);

        while (scan->head_len < len) {
                if (*p == end)
                        return 0;
                scan->head[scan->head_len++] = *(*p)++;
        }

        scan->head_len = 0;
        return cbor_head_take(&head, head + len, ret);
}

/* The octets from data to p are done; goes on until the item ends or the octets do. */
static int scan_on(
        CborScan *scan, const uint8_t *data, size_t n, const uint8_t *p, Level level, size_t *ret_used) {
        uint64_t room = scan->max - scan->used;
        const uint8_t *end = data + (n < room ? n : room);
        CborHead head;
        int r;

        if (scan->head_len > 0) {
                r = scan_cut_head(scan, &p, end, &head);
                if (r > 0)
                        r = scan_item(scan, &level, &head, room - (uint64_t) (p - data));
                if (r < 0)
                        return r;
        }

        for (;;) {
                if (level.skip > 0 && !level_skip(&level, &p, end))
                        break;

                if (level_close(scan, &level)) {
                        scan->used += (size_t) (p - data);
                        *ret_used = (size_t) (p - data);
                        return 1;
                }

                if (p == end)
                        break;

                if (level.left <= LEFT_COUNT_MAX && scan_plain(&level, &p, end))
                        continue;

                r = cbor_head_take(&p, end, &head);
                if (r < 0)
                        return r;
                if (r == 0) {
                        scan->head_len = (uint8_t) (end - p);
                        memcpy(scan->head, p, scan->head_len);
                        break;
                }

                r = scan_item(scan, &level, &head, room - (uint64_t) (p - data));
                if (r < 0)
                        return r;
        }

        if (n >= room)
                return -EMSGSIZE;

        level_keep(scan, &level);
        scan->used += n;
        *ret_used = n;
        return 0;
}

int cbor_scan(CborScan *scan, const uint8_t *data, size_t n, size_t *ret_used) {
        Level level = {.skip = scan->skip, .depth = scan->depth};
        const uint8_t *p = data;

        if (n == 0) {
                *ret_used = 0;
                return 0;
        }

        if (scan->used == 0 && is_short_array(*p) && n <= scan->max && scan->max > 0x1f) {
                level = (Level){.left = *p++ & 0x1f, .depth = 1};
                (void) scan_plain(&level, &p, data + n);
                if (level.left == 0) {
                        scan->used = *ret_used = (size_t) (p - data);
                        return 1;
                }
        } else if (level.depth > 0) {
                level.left = scan->left[level.depth - 1];
        } else {
                level.left = scan->used == 0 || scan->head_len > 0;
        }

        return scan_on(scan, data, n, p, level, ret_used);
}

int cbor_check(const uint8_t *p, size_t n, size_t max, size_t *ret_len, bool *ret_odd) {
        CborScan scan;
        int r;

        cbor_scan_init(&scan, max);

        r = cbor_scan(&scan, p, n, ret_len);
        if (r < 0)
                return r;
        if (r == 0)
                return -EAGAIN;

        *ret_odd = scan.odd;
        return 0;
}
