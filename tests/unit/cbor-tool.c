/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The codecs, for programs in other languages to try
 *
 * Reads lines, answers each with one line. All octets are in hex, "-" when there are none:
 *
 *      cbor HEX        result, length, odd (0 or 1), JSON by json_from_cbor(), JSON by value_from_cbor()
 *                      and jansson
 *      json HEX        result, CBOR by json_to_cbor()
 *
 * The result is 0 or the name of an error; what follows it is missing then.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/value.h"

static void print_result(int r) {
        (void) fputs(r < 0 ? strerrorname_np(-r) : "0", stdout);
}

static void print_hex(const void *p, size_t n) {
        const uint8_t *octets = p;

        (void) fputs(n == 0 ? " -" : " ", stdout);
        for (size_t i = 0; i < n; i++)
                (void) printf("%02x", octets[i]);
}

static void read_hex(const char *text, Buf *to) {
        unsigned octet;

        for (; sscanf(text, "%2x", &octet) == 1; text += 2)
                buf_putc(to, (uint8_t) octet);
}

static void answer_cbor(const Buf *octets) {
        _cleanup_buf_ Buf text = BUF_INIT;
        json_t *value = NULL;
        char *dumped = NULL;
        bool odd = false;
        size_t len = 0;
        CborCursor c;
        int r;

        r = cbor_check(octets->data, octets->len, SIZE_MAX, &len, &odd);
        if (r >= 0)
                r = json_from_cbor(octets->data, len, &text);
        if (r >= 0) {
                c = cbor_cursor(octets->data, len);
                r = value_from_cbor(&c, &value);
        }

        print_result(r);
        if (r >= 0) {
                (void) printf(" %zu %d", len, odd);
                print_hex(text.data, text.len);
                dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
                print_hex(dumped, strlen(dumped));
        }

        free(dumped);
        json_decref(value);
}

static void answer_json(const Buf *text) {
        _cleanup_buf_ Buf octets = BUF_INIT;
        int r;

        r = json_to_cbor(text->data, text->len, &octets);
        print_result(r);
        if (r >= 0)
                print_hex(octets.data, octets.len);
}

int main(void) {
        char *line = NULL;
        size_t cap = 0;

        while (getline(&line, &cap, stdin) > 5) {
                _cleanup_buf_ Buf octets = BUF_INIT;

                read_hex(line + 5, &octets);
                if (strncmp(line, "cbor ", 5) == 0)
                        answer_cbor(&octets);
                else
                        answer_json(&octets);
                (void) putchar('\n');
                (void) fflush(stdout);
        }

        free(line);
        return EXIT_SUCCESS;
}
