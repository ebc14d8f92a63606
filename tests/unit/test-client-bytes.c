/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Octets, and what they mean as characters: all forms, both ways. */

#include <errno.h>
#include <jansson.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port;
static aemp_msg *msg;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
}

static void teardown(void) {
        aemp_msg_unref(msg);
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
}

/* The message that was sent to the port last. */
static aemp_msg *arrived(void) {
        msg = aemp_msg_unref(msg);
        check_int(aemp_port_recv(port, &msg, 0), ==, 0);
        return msg;
}

static void check_raw(size_t n, const char *octets, size_t size) {
        const void *data;
        size_t got_n, got_size;

        check_int(aemp_msg_raw(msg, &got_n, &data, &got_size), ==, 0);
        check_int(got_n, ==, n);
        check_mem(data, got_size, octets, size);
}

TEST(pack) {
        setup();
        check_int(aemp_snd(a, aemp_port_id(port), "[b#,b%,b#,b%]", "\xe4\0\xff", 3, "\xc3\xa4", (size_t) 2,
                          "x", 0, NULL, (size_t) 0),
                ==, 0);
        (void) arrived();
        check_raw(4, "\x43\xe4\0\xff\x42\xc3\xa4\x40\x40", 9);

        /* b alone is a boolean; octets in arrays and maps. */
        check_int(
                aemp_snd(a, aemp_port_id(port), "[b,[b#],{s:b%}]", 1, "a", 1, "k", "b", (size_t) 1), ==, 0);
        (void) arrived();
        check_raw(3,
                "\xf5\x81\x41"
                "a\xa1\x61k\x41"
                "b",
                9);

        check_int(aemp_snd(a, aemp_port_id(port), "[b#]", "x", -1), ==, -EINVAL);
        check_int(aemp_snd(a, aemp_port_id(port), "[b#]", NULL, 1), ==, -EINVAL);
        check_int(aemp_snd(a, aemp_port_id(port), "[b%]", NULL, (size_t) 1), ==, -EINVAL);
        check_int(aemp_snd(a, aemp_port_id(port), "[{b#:i}]", "x", 1, 1), ==, -EINVAL);
        /* A text string has to be UTF-8; octets are whatever they are. */
        check_int(aemp_snd(a, aemp_port_id(port), "[s#]", "\xe4", 1), ==, -EINVAL);
        teardown();
}

/* Characters 0 to 255, one octet each. */
TEST(all_octets_as_characters) {
        uint8_t octets[256], expected[128 + 128 * 2 + 1], *p = expected;
        const char *s;
        const void *back;
        size_t n;
        int k;

        setup();
        for (int i = 0; i < 256; i++) {
                octets[i] = (uint8_t) i;
                if (i >= 0x80)
                        *p++ = (uint8_t) (0xc0 | i >> 6);
                *p++ = (uint8_t) (i < 0x80 ? i : 0x80 | (i & 0x3f));
        }

        check_int(aemp_snd(a, aemp_port_id(port), "[b#]", octets, 256), ==, 0);
        (void) arrived();
        check_int(aemp_msg_unpack(msg, "[s%]", &s, &n), ==, 0);
        check_mem(s, n, expected, (size_t) (p - expected));
        check_int(s[n], ==, 0);
        check_int(aemp_msg_unpack(msg, "[s#]", &s, &k), ==, 0);
        check_int(k, ==, n);
        check_int(aemp_msg_unpack(msg, "[s]", &s), ==, -EBADMSG); /* there is a NUL in it */
        check_int(aemp_msg_unpack(msg, "[b%]", &back, &n), ==, 0);
        check_mem(back, n, octets, 256);
        check_int(aemp_msg_unpack(msg, "[b#]", &back, &k), ==, 0);
        check_int(k, ==, 256);

        /* The same characters as a text string are the same octets. */
        check_int(aemp_snd(a, aemp_port_id(port), "[s%]", expected, (size_t) (p - expected)), ==, 0);
        (void) arrived();
        check_int(aemp_msg_unpack(msg, "[b%]", &back, &n), ==, 0);
        check_mem(back, n, octets, 256);
        teardown();
}

static void send_raw(const char *octets, size_t size, size_t n) {
        check_int(aemp_snd_raw(a, aemp_port_id(port), n, octets, size), ==, 0);
        (void) arrived();
}

TEST(unpack_other_forms) {
        const char *s;
        const void *p;
        size_t n;

        setup();
        /* In chunks, tagged. */
        send_raw("\x5f\x41\xe4\x42"
                 "bc\xff\xd8\x2a\x41\xfc",
                11, 2);
        check_int(aemp_msg_unpack(msg, "[s,s]", &s, NULL), ==, 0);
        check_str(s,
                "\xc3\xa4"
                "bc");
        check_int(aemp_msg_unpack(msg, "[b%]", &p, &n), ==, 0);
        check_mem(p, n,
                "\xe4"
                "bc",
                3);
        check_int(aemp_msg_unpack(msg, "[*]"), ==, 0);
        check_int(aemp_msg_unpack(msg, "[s,b%]", NULL, &p, &n), ==, 0);
        check_mem(p, n, "\xfc", 1);

        /* A character above 255 is no octet, a number is its decimal string. */
        send_raw("\x62\xc4\x80\x18\x2a\xf6\x81\x01", 8, 4);
        check_int(aemp_msg_unpack(msg, "[b%]", &p, &n), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[s,b%]", &s, &p, &n), ==, 0);
        check_str(s, "\xc4\x80");
        check_mem(p, n, "42", 2);
        check_int(aemp_msg_unpack(msg, "[s,s,b%]", NULL, NULL, &p, &n), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[s,s,n,b%]", NULL, NULL, &p, &n), ==, -EBADMSG);

        /* Empty ones; keys of maps. */
        send_raw("\x40\x60\xa1\x41\xe4\x41\xf6", 7, 3);
        check_int(aemp_msg_unpack(msg, "[b%,b%,{s:b%}]", NULL, &n, NULL, NULL, "\xc3\xa4", &p, NULL), ==, 0);
        check_int(n, ==, 0);
        check_mem(p, 1, "\xf6", 1);
        check_int(aemp_msg_unpack(msg, "[s,s]", &s, NULL), ==, 0);
        check_str(s, "");
        teardown();
}

/* A byte string as a tag, and as a number. */
TEST(meaning) {
        int i;

        setup();
        send_raw("\x43"
                 "abc\x42"
                 "17\x41"
                 "1",
                4 + 3 + 2, 3);
        check_str(aemp_msg_tag(msg), "abc");
        check_int(aemp_msg_unpack(msg, "[s,i]", NULL, &i), ==, 0);
        check_int(i, ==, 17);
        check_int(aemp_msg_unpack(msg, "[s,i,b]", NULL, NULL, &i), ==, 0);
        check_int(i, ==, 1);

        check_int(aemp_snd_raw(a, aemp_port_id(port), 2, "\x41\xe4\x01", 3), ==, 0);
        msg = aemp_msg_unref(msg);
        check_int(aemp_port_recv_tag(port, &msg, "\xc3\xa4", 0), ==, 0);
        check_str(aemp_msg_tag(msg), "\xc3\xa4");
        check_int(aemp_msg_length(msg), ==, 1);
        teardown();
}

/* As JSON they are text. */
TEST(json) {
        json_t *array;

        setup();
        send_raw("\x42\xe4\0\x5f\x41\xff\xff", 7, 2);
        check_int(aemp_msg_json(msg, &array), ==, 0);
        check_mem(json_string_value(json_array_get(array, 0)), json_string_length(json_array_get(array, 0)),
                "\xc3\xa4\0", 3);
        check_str(json_string_value(json_array_get(array, 1)), "\xc3\xbf");

        /* And back: text with the same meaning. */
        check_int(aemp_snd_json(a, aemp_port_id(port), array), ==, 0);
        json_decref(array);
        (void) arrived();
        check_raw(2, "\x63\xc3\xa4\0\x62\xc3\xbf", 7);
        teardown();
}

TEST(on_the_wire) {
        const void *p;
        size_t n;

        setup();
        check_int(aemp_snd(a, "n#p", "[b#]", "\xe4\x01", 2), ==, 0);
        check_int(aemp_flush(a, 1000000), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"\xc3\xa4\\u0001\"]");
        fake_say_raw(&fake, "\x82\x44P1.1\x42\xe4\x01", 9);
        check_int(aemp_port_recv(port, &msg, 1000000), ==, 0);
        check_int(aemp_msg_unpack(msg, "[b%]", &p, &n), ==, 0);
        check_mem(p, n, "\xe4\x01", 2);
        teardown();
}
