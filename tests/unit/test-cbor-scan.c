/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/hex.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"

#define MAX (1024 * 1024)

/* Feeds the octets in pieces that end at `cut` and then every `step` octets. */
static int scan_in_pieces(
        const uint8_t *p, size_t n, size_t cut, size_t step, size_t max, size_t *ret_len, bool *ret_odd) {
        CborScan scan;
        size_t at = 0;

        cbor_scan_init(&scan, max);
        for (;;) {
                size_t end = at < cut ? cut : at + step, used = 12345;
                uint8_t piece[64];
                int r;

                if (end > n)
                        end = n;

                if (end - at <= sizeof(piece)) { /* at the end of memory, for the address sanitizer */
                        uint8_t *last = piece + sizeof(piece) - (end - at);

                        memcpy(last, p + at, end - at);
                        r = cbor_scan(&scan, last, end - at, &used);
                } else {
                        r = cbor_scan(&scan, p + at, end - at, &used);
                }
                if (r < 0)
                        return r;

                check_int(used, <=, end - at);
                at += used;
                if (r > 0) {
                        check_int(scan.used, ==, at);
                        *ret_len = at;
                        *ret_odd = scan.odd;
                        return 1;
                }
                check_int(at, ==, end);
                if (at == n)
                        return 0;
        }
}

/* Result of a scan in one piece, which must not depend on the pieces. */
static int scan(const uint8_t *p, size_t n, size_t max, size_t *ret_len, bool *ret_odd) {
        size_t len = 0, len2;
        bool odd = false, odd2;
        int r;

        r = scan_in_pieces(p, n, n, n, max, &len, &odd);
        for (size_t cut = 0; cut <= n && n < 1000; cut++) {
                len2 = 0, odd2 = false;
                check_int(scan_in_pieces(p, n, cut, n, max, &len2, &odd2), ==, r);
                check_int(len2, ==, len);
                check_int(odd2, ==, odd);
        }
        for (size_t step = 1; step < 4; step++) {
                len2 = 0, odd2 = false;
                check_int(scan_in_pieces(p, n, 0, step, max, &len2, &odd2), ==, r);
                check_int(len2, ==, len);
                check_int(odd2, ==, odd);
        }

        *ret_len = len;
        *ret_odd = odd;
        return r;
}

static int scan_max(const char *text, size_t max) {
        size_t len;
        bool odd;
        Hex hex;

        hex_init(&hex, text);
        return scan(hex.p, hex.n, max, &len, &odd);
}

static int scan_hex(const char *text) {
        return scan_max(text, MAX);
}

/* RFC 8949, appendix A, and some more. */
static const char *const well_formed[] = {
        "00",
        "01",
        "0a",
        "17",
        "1818",
        "1819",
        "1864",
        "1903e8",
        "1a000f4240",
        "1b000000e8d4a51000",
        "1bffffffffffffffff",
        "c249010000000000000000",
        "3bffffffffffffffff",
        "c349010000000000000000",
        "20",
        "29",
        "3863",
        "3903e7",
        "f90000",
        "f98000",
        "f93c00",
        "fb3ff199999999999a",
        "f93e00",
        "f97bff",
        "fa47c35000",
        "fa7f7fffff",
        "fb7e37e43c8800759c",
        "f90001",
        "f90400",
        "f9c400",
        "fbc010666666666666",
        "f97c00",
        "f97e00",
        "f9fc00",
        "fa7f800000",
        "fa7fc00000",
        "faff800000",
        "fb7ff0000000000000",
        "fb7ff8000000000000",
        "fbfff0000000000000",
        "f4",
        "f5",
        "f6",
        "f7",
        "f0",
        "f8ff",
        "c074323031332d30332d32315432303a30343a30305a",
        "c11a514b67b0",
        "c1fb41d452d9ec200000",
        "d74401020304",
        "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        "40",
        "4401020304",
        "60",
        "6161",
        "6449455446",
        "62225c",
        "62c3bc",
        "63e6b0b4",
        "64f0908591",
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
        "a56161614161626142616361436164614461656145",
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "9f01820203820405ff",
        "83018202039f0405ff",
        "83019f0203ff820405",
        "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        "bf61610161629f0203ffff",
        "826161bf61626163ff",
        "bf6346756ef563416d7421ff",
        "5fff",
        "7fff",
        "bfff",
        "5f40ff",
        "1800",
        "1b0000000000000000",
        "5b000000000000000161",
        "9a0000000100",
        "d9d9f7d9d9f700",
        "bf9fff9fff7fff5fffff",
        "62c328",
        "a240014002",
};

/* RFC 8949, appendix F, without those that are merely cut off. */
static const char *const malformed[] = {
        "1c",
        "1d",
        "1e",
        "3c",
        "5d",
        "7e",
        "9c",
        "bd",
        "dc",
        "fc",
        "fd",
        "fe",
        "f800",
        "f801",
        "f818",
        "f81f",
        "5f00ff",
        "5f21ff",
        "5f6100ff",
        "5f80ff",
        "5fa0ff",
        "5fc000ff",
        "5fe0ff",
        "7f4100ff",
        "5f5f4100ffff",
        "7f7f6100ffff",
        "ff",
        "81ff",
        "8200ff",
        "a1ff",
        "a1ff00",
        "a100ff",
        "a20000ff",
        "9f81ff",
        "9f829f819f9fffffffff",
        "bf00ff",
        "bf000000ff",
        "1f",
        "3f",
        "df",
        "c0ff",
        "9fc0ff",
        "bfc0ff",
};

TEST(well_formed_items) {
        for (size_t i = 0; i < sizeof(well_formed) / sizeof(well_formed[0]); i++) {
                size_t len = 0;
                bool odd;
                Hex hex;

                test_note("%s", well_formed[i]);
                hex_init(&hex, well_formed[i]);
                check_int(scan(hex.p, hex.n, MAX, &len, &odd), ==, 1);
                check_int(len, ==, hex.n);

                /* whatever follows */
                hex.p[hex.n] = 0xff;
                check_int(scan(hex.p, hex.n + 1, MAX, &len, &odd), ==, 1);
                check_int(len, ==, hex.n);

                /* cut off anywhere */
                for (size_t n = 0; n < hex.n; n++) {
                        check_int(scan(hex.p, n, MAX, &len, &odd), ==, 0);
                        check_int(cbor_check(hex.p, n, MAX, &len, &odd), ==, -EAGAIN);
                }

                /* just large enough, and not */
                check_int(scan(hex.p, hex.n, hex.n, &len, &odd), ==, 1);
                check_int(scan(hex.p, hex.n, hex.n - 1, &len, &odd), ==, -EMSGSIZE);
                check_int(scan(hex.p, hex.n - 1, hex.n - 1, &len, &odd), ==, hex.n > 1 ? -EMSGSIZE : 0);
        }
}

TEST(malformed_items) {
        for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
                test_note("%s", malformed[i]);
                check_int(scan_hex(malformed[i]), ==, -EBADMSG);
        }
}

TEST(check_gives_length_and_odd) {
        size_t len;
        bool odd;
        Hex hex;

        hex_init(&hex, "82 4161 e0 00 00");
        check_int(cbor_check(hex.p, hex.n, MAX, &len, &odd), ==, 0);
        check_int(len, ==, 4);
        check(odd);

        hex_init(&hex, "82 4161 f4");
        check_int(cbor_check(hex.p, hex.n, MAX, &len, &odd), ==, 0);
        check(!odd);

        hex_init(&hex, "ff");
        check_int(cbor_check(hex.p, hex.n, MAX, &len, &odd), ==, -EBADMSG);
}

static bool is_odd(const char *text) {
        size_t len;
        bool odd;
        Hex hex;

        hex_init(&hex, text);
        check_int(scan(hex.p, hex.n, MAX, &len, &odd), ==, 1);
        return odd;
}

TEST(odd_items) {
        check(!is_odd("83 f4 f5 f6"));
        check(!is_odd("83 f97e00 fa7fc00000 fb7ff8000000000000"));
        check(is_odd("81 e0"));
        check(is_odd("81 f3"));
        check(is_odd("81 f7"));
        check(is_odd("f820"));
        check(is_odd("f8ff"));
        check(is_odd("82 00 9f f0 ff"));
        check(is_odd("a1 f7 00"));
        check(!is_odd("42 e0f3"));
        check(!is_odd("82 18e0 f9e0f3"));

        check(is_odd("d81a 80"));
        check(is_odd("d9001a 80"));
        check(is_odd("db000000000000001a 80"));
        check(is_odd("c2 d9d9f7 82 00 c1 00"));
        check(!is_odd("d9011a 80"));
        check(!is_odd("82 181a f91a1a"));
}

TEST(bignums) {
        _cleanup_buf_ Buf item = BUF_INIT;
        uint8_t octets[513] = {0};
        size_t len;
        bool odd;

        check(!is_odd("c2 40"));
        check(!is_odd("c3 4101"));
        check(!is_odd("82 d802 5801ff 9f da00000003 5900020102 ff"));
        check(is_odd("c2 00"));
        check(is_odd("c3 6161"));
        check(is_odd("c2 80"));
        check(is_odd("c2 f6"));
        check(is_odd("c2 c2 4101"));
        check(is_odd("c2 5f4101ff"));
        check_int(scan_hex("9f c2 ff"), ==, -EBADMSG);

        for (size_t n = 512; n <= 513; n++) {
                buf_reset(&item);
                buf_putc(&item, 0xc2);
                cbor_put_bytes(&item, octets, n);
                check_int(cbor_check(item.data, item.len, MAX, &len, &odd), ==, 0);
                check_int(odd, ==, n > 512);
        }
}

TEST(odd_tags) {
        static const uint64_t odd_tags[] = {0, 1, 2, 3, 4, 5, 25, 26, 29, 30, 32, 264, 265};
        size_t n_odd = 0;

        for (uint64_t tag = 0; tag < 70000; tag++) {
                uint8_t item[CBOR_HEAD_MAX + 1] = {0};
                size_t n = cbor_head(item, 6, tag), len;
                bool odd,
                        expected = n_odd < sizeof(odd_tags) / sizeof(odd_tags[0]) && odd_tags[n_odd] == tag;

                n_odd += expected;
                check_int(cbor_check(item, n + 1, MAX, &len, &odd), ==, 0);
                check_int(odd, ==, expected);
        }
}

/* --- depth and size --------------------------------------------------------------------------------- */

/* This many times `open`, then `inner`. */
static int scan_nested(size_t levels, const char *open, const char *inner) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        size_t len;
        bool odd;
        Hex hex;

        hex_init(&hex, open);
        for (size_t i = 0; i < levels; i++)
                buf_put_str(&buf, hex_str(&hex));
        hex_init(&hex, inner);
        buf_put_str(&buf, hex_str(&hex));

        return scan(buf.data, buf.len, MAX, &len, &odd);
}

TEST(depth) {
        static const char *const opens[] = {"81", "a100", "c1", "d9d9f7"};

        for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "00"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "6161"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "7f616161627fff"), ==, -EBADMSG);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "7f61616162ff"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "5fff"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX - 1, opens[i], "80"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX - 1, opens[i], "c100"), ==, 1);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "80"), ==, -ELOOP);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "a0"), ==, -ELOOP);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "9f"), ==, -ELOOP);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "bf"), ==, -ELOOP);
                check_int(scan_nested(CBOR_DEPTH_MAX, opens[i], "c1"), ==, -ELOOP);
        }

        check_int(scan_nested(CBOR_DEPTH_MAX, "9f", "00"), ==, 0);
        check_int(scan_nested(CBOR_DEPTH_MAX, "bf00", "7f6161ff"), ==, 0);
        check_int(scan_nested(CBOR_DEPTH_MAX + 1, "9f", ""), ==, -ELOOP);
        check_int(scan_nested(CBOR_DEPTH_MAX + 1, "bf00", ""), ==, -ELOOP);
}

/* Levels that were closed do not count. */
TEST(breadth_is_no_depth) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        size_t len;
        bool odd;

        cbor_put_array(&buf, 3000);
        for (int i = 0; i < 1000; i++)
                buf_put(&buf, OCTETS("\x81\x80\x9f\xff\xc1\xa1\x00\xc1\x00"));
        check_int(scan(buf.data, buf.len, MAX, &len, &odd), ==, 1);
        check_int(len, ==, buf.len);
}

TEST(claims_are_refused_at_once) {
        check_int(scan_hex("9b1000000000000000"), ==, -EMSGSIZE);
        check_int(scan_hex("9bffffffffffffffff"), ==, -EMSGSIZE);
        check_int(scan_hex("9bfffffffffffffffe"), ==, -EMSGSIZE);
        check_int(scan_hex("bb1000000000000000"), ==, -EMSGSIZE);
        check_int(scan_hex("bb7fffffffffffffff"), ==, -EMSGSIZE);
        check_int(scan_hex("bb8000000000000000"), ==, -EMSGSIZE);
        check_int(scan_hex("bbffffffffffffffff"), ==, -EMSGSIZE);
        check_int(scan_hex("5b0000010000000000"), ==, -EMSGSIZE);
        check_int(scan_hex("7bffffffffffffffff"), ==, -EMSGSIZE);
        check_int(scan_hex("8200 7bffffffffffffffff"), ==, -EMSGSIZE);
        check_int(scan_hex("5f 5b0000010000000000"), ==, -EMSGSIZE);

        check_int(scan_max("8b", 10), ==, -EMSGSIZE);
        check_int(scan_max("8a", 10), ==, -EMSGSIZE);
        check_int(scan_max("89", 10), ==, 0);
        check_int(scan_hex("9a000ffffb"), ==, 0); /* MAX is head and as many items */
        check_int(scan_hex("9a000ffffc"), ==, -EMSGSIZE);
        check_int(scan_hex("ba0007fffd"), ==, 0);
        check_int(scan_hex("ba0007fffe"), ==, -EMSGSIZE);
        check_int(scan_hex("5a000ffffb"), ==, 0);
        check_int(scan_hex("5a000ffffc"), ==, -EMSGSIZE);
}

TEST(claims_without_a_limit) {
        static const char *const claims[] = {
                "9bffffffffffffffff",
                "9b8000000000000000",
                "bb4000000000000000",
                "bb7fffffffffffffff",
                "bbffffffffffffffff",
                "5bffffffffffffffff",
        };

        for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
                size_t len;
                bool odd;
                Hex hex;

                hex_init(&hex, claims[i]);
                check_int(scan(hex.p, hex.n, SIZE_MAX, &len, &odd), ==, -EMSGSIZE);
        }
}

/* Also when all of it came at once. */
TEST(large_items_are_refused) {
        _cleanup_buf_ Buf item = BUF_INIT;
        size_t len;
        bool odd;

        cbor_put_array(&item, 2);
        cbor_put_uint(&item, 1);
        cbor_put_bytes(&item, "0123456789012345678901234567890123456789", 40);
        for (size_t max = 0; max < item.len; max++)
                check_int(scan(item.data, item.len, max, &len, &odd), ==, -EMSGSIZE);
        check_int(scan(item.data, item.len, item.len, &len, &odd), ==, 1);
}

TEST(endless_items_end_at_max) {
        uint8_t *octets = malloc(MAX + 1);
        size_t len;
        bool odd;

        memset(octets, 0x00, MAX + 1);
        octets[0] = 0x9f;
        check_int(scan_in_pieces(octets, MAX + 1, 0, 65536, MAX, &len, &odd), ==, -EMSGSIZE);
        check_int(scan_in_pieces(octets, MAX - 1, 0, 65536, MAX, &len, &odd), ==, 0);
        octets[MAX - 1] = 0xff;
        check_int(scan_in_pieces(octets, MAX + 1, 0, 65536, MAX, &len, &odd), ==, 1);
        check_int(len, ==, MAX);
        octets[0] = 0x5f;
        memset(octets + 1, 0x40, MAX);
        check_int(scan_in_pieces(octets, MAX + 1, 0, 65536, MAX, &len, &odd), ==, -EMSGSIZE);
        free(octets);
}

TEST(no_octets_no_item) {
        size_t len;
        bool odd;

        check_int(cbor_check(NULL, 0, MAX, &len, &odd), ==, -EAGAIN);
        check_int(cbor_check(OCTETS("\x00"), 0, &len, &odd), ==, -EMSGSIZE);
}

/* 16 MiB in 64 KiB pieces, of the kinds that could tempt a scanner to start over. */
TEST(large_items_in_pieces) {
        size_t n = 16 * 1024 * 1024, len;
        uint8_t *octets = malloc(n + 16);
        bool odd;

        memset(octets, 0x81, n);
        memcpy(octets, "\x9a\x00\xff\xff\xfb", 5); /* as many items of one octet */
        memset(octets + 5, 0x00, n - 5);
        check_int(scan_in_pieces(octets, n, 0, 65536, n, &len, &odd), ==, 1);
        check_int(len, ==, n);

        octets[0] = 0x7a;
        check_int(scan_in_pieces(octets, n, 0, 65536, n, &len, &odd), ==, 1);
        check_int(len, ==, n);
        check_int(scan_in_pieces(octets, n, 0, 1, n, &len, &odd), ==, 1);
        free(octets);
}

/* --- against the pseudo-code of RFC 8949, appendix C ------------------------------------------------- */

typedef struct Model {
        const uint8_t *p;
        size_t n;
        size_t at;
        int error; /* -EBADMSG, -EAGAIN; the first one counts */
} Model;

static uint64_t model_take(Model *model, size_t n) {
        uint64_t v = 0;

        if (n > model->n - model->at) {
                model->error = model->error ? model->error : -EAGAIN;
                return 0;
        }

        while (n-- > 0)
                v = v << 8 | model->p[model->at++];
        return v;
}

/* The next octet, if the whole head is there. */
static int model_peek(Model *model) {
        Model at = *model;
        uint8_t ai;
        int ib;

        ib = (int) model_take(&at, 1);
        ai = ib & 0x1f;
        if (ai >= 24 && ai <= 27)
                (void) model_take(&at, (size_t) 1 << (ai - 24));
        return at.error ? -1 : ib;
}

/* Major type of the item, or -1 for a break. */
static int model_item(Model *model, bool breakable) {
        uint8_t ib = (uint8_t) model_take(model, 1), ai = ib & 0x1f;
        int mt = ib >> 5;
        uint64_t val = ai;

        if (model->error)
                return 0;

        if (ai >= 24 && ai <= 27) {
                val = model_take(model, (size_t) 1 << (ai - 24));
        } else if (ai >= 28 && ai <= 30) {
                model->error = -EBADMSG;
        } else if (ai == 31) {
                if (mt == 7) {
                        if (!breakable)
                                model->error = -EBADMSG;
                        return -1;
                }
                if (mt < 2 || mt == 6)
                        model->error = -EBADMSG;
                for (int it = 0; !model->error; it++) {
                        if (mt == 4 || mt == 5) {
                                if (model_item(model, mt == 4 || it % 2 == 0) == -1)
                                        return mt;
                        } else {
                                int sub = model_peek(model);

                                if (sub >= 0 && (sub >> 5 != mt || (sub & 0x1f) == 0x1f) && sub != 0xff)
                                        model->error = -EBADMSG;
                                if (model->error)
                                        return mt;
                                sub = model_item(model, true);
                                if (sub == -1)
                                        return mt;
                        }
                }
                return mt;
        }
        if (model->error)
                return mt;

        if (mt == 2 || mt == 3) {
                if (val > model->n - model->at)
                        model->error = -EAGAIN;
                else
                        model->at += val;
        } else if (mt == 4 || mt == 5) {
                for (uint64_t i = 0; i < val && !model->error; i++) {
                        (void) model_item(model, false);
                        if (mt == 5 && !model->error)
                                (void) model_item(model, false);
                }
        } else if (mt == 6) {
                (void) model_item(model, false);
        } else if (mt == 7 && ai == 24 && val < 32) {
                model->error = -EBADMSG;
        }

        return mt;
}

TEST(random_octets_agree_with_the_rfc) {
        static const uint8_t likely[] = {
                0x00, 0x18, 0x41, 0x61, 0x5f, 0x7f, 0x82, 0x9f, 0xa1, 0xbf, 0xc1, 0xf6, 0xf8, 0xff, 0xff};
        unsigned seen[3] = {0};

        srandom(2);
        for (int i = 0; i < 300 * 1000; i++) {
                Model model = {.n = 1 + (size_t) random() % 14};
                size_t len = 0;
                uint8_t p[16];
                bool odd;
                int r;

                for (size_t k = 0; k < model.n; k++)
                        p[k] = random() % 4 ? likely[(size_t) random() % sizeof(likely)]
                                            : (uint8_t) random();
                model.p = p;

                r = scan(p, model.n, SIZE_MAX, &len, &odd);
                (void) model_item(&model, false);
                if (r == -EMSGSIZE) {
                        check_int(model.error, !=, 0); /* a claim that nothing could follow up */
                        continue;
                }

                if ((r == 1 ? 0 : r == 0 ? -EAGAIN : r) != model.error)
                        test_check_mem(__FILE__, __LINE__, p, model.n, "", 0);
                if (r == 1)
                        check_int(len, ==, model.at);
                seen[r == 1 ? 0 : r == 0 ? 1 : 2]++;
        }

        for (int i = 0; i < 3; i++)
                check_int(seen[i], >, 10000);
}
