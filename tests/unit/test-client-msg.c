/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;

static int keep(aemp_port *port, aemp_msg *msg, void *userdata) {
        *(aemp_msg **) userdata = aemp_msg_ref(msg);
        return 0;
}

/* A message with that content, kept. */
static aemp_msg *message(const void *octets, size_t size, size_t n) {
        aemp_msg *msg = NULL;
        aemp_port *port;

        if (!a) {
                fake_init(&fake);
                a = fake_attach(&fake);
        }
        check_int(aemp_port_new(a, &port, keep, &msg), ==, 0);
        check_int(aemp_snd_raw(a, aemp_port_id(port), n, octets, size), ==, 0);
        check_int(run(a), ==, 0);
        check(msg);
        aemp_port_kil(port, NULL);
        aemp_port_unref(port);
        return msg;
}

static aemp_msg *json_message(const char *json) {
        json_t *array = json_loads(json, 0, NULL);
        aemp_msg *msg = NULL;
        aemp_port *port;

        if (!a) {
                fake_init(&fake);
                a = fake_attach(&fake);
        }
        check(array);
        check_int(aemp_port_new(a, &port, keep, &msg), ==, 0);
        check_int(aemp_snd_json(a, aemp_port_id(port), array), ==, 0);
        check_int(run(a), ==, 0);
        json_decref(array);
        aemp_port_unref(port);
        return msg;
}

static void teardown(aemp_msg *msg) {
        aemp_unref(a);
        fake_deinit(&fake);
        check(!aemp_msg_unref(msg)); /* may outlive everything */
}

TEST(strings) {
        /* "ping", "ä" as octets, "a" "b" in chunks, 42, -7, 0.5, "", null, tagged "t" */
        aemp_msg *msg = message("\x64ping\x41\xe4\x7f\x61"
                                "a\x61"
                                "b\xff\x18\x2a\x26\xf9\x38\x00\x60\xf6\xc1\x61t",
                5 + 2 + 6 + 2 + 1 + 3 + 1 + 1 + 3, 9);
        const char *s[9];
        size_t n;
        int k;

        check_int(aemp_msg_length(msg), ==, 9);
        check_str(aemp_msg_tag(msg), "ping");
        check_int(aemp_msg_unpack(msg, "[sssssss s? s]", &s[0], &s[1], &s[2], &s[3], &s[4], &s[5], &s[6],
                          &s[7], &s[8]),
                ==, 0);
        check_str(s[0], "ping");
        check_str(s[1], "\xc3\xa4");
        check_str(s[2], "ab");
        check_str(s[3], "42");
        check_str(s[4], "-7");
        check_str(s[5], "0.5");
        check_str(s[6], "");
        check_str(s[7], NULL);
        check_str(s[8], "t");

        check_int(aemp_msg_unpack(msg, "[s%,s#]", &s[0], &n, &s[1], &k), ==, 0);
        check_int(n, ==, 4);
        check_int(k, ==, 2);
        check_str(s[1], "\xc3\xa4");
        check_int(aemp_msg_unpack(msg, "[s% s#]", NULL, NULL, NULL, NULL), ==, 0);
        check_int(aemp_msg_unpack(msg, "[ssssssss]", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), ==,
                -EBADMSG);
        teardown(msg);
}

TEST(nul_in_string) {
        aemp_msg *msg = message("\x63"
                                "a\0b",
                4, 1);
        const char *s;
        size_t n;

        check_int(aemp_msg_unpack(msg, "[s]", &s), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[s%]", &s, &n), ==, 0);
        check_mem(s, n, "a\0b", 3);
        teardown(msg);
}

TEST(octets) {
        /* octets, text that is such, text that isn't, octets in chunks */
        aemp_msg *msg = message(
                "\x43\x00\xe4\xff\x63\xc3\xa4y\x63\xe2\x82\xac\x5f\x41\x80\x41\x81\xff", 4 + 4 + 4 + 6, 4);
        const void *p, *q;
        size_t n;
        int k;

        check_int(aemp_msg_unpack(msg, "[b%,b#]", &p, &n, &q, &k), ==, 0);
        check_mem(p, n, "\x00\xe4\xff", 3);
        check_mem(q, (size_t) k, "\xe4y", 2);
        check_int(aemp_msg_unpack(msg, "[b%,b%,b%]", &p, &n, &p, &n, &p, &n), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[b#,s,s,b%]", NULL, NULL, NULL, NULL, &p, &n), ==, 0);
        check_mem(p, n, "\x80\x81", 2);
        teardown(msg);
}

TEST(numbers) {
        static const struct {
                const char *octets;
                size_t size;
                long long value; /* -1: does not fit */
        } numbers[] = {
                {"\x00", 1, 0},
                {"\x1a\x7f\xff\xff\xff", 5, INT_MAX},
                {"\x1a\x80\x00\x00\x00", 5, INT_MAX + 1LL},
                {"\x3a\x7f\xff\xff\xff", 5, INT_MIN},
                {"\x3a\x80\x00\x00\x00", 5, INT_MIN - 1LL},
                {"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, LLONG_MAX},
                {"\x1b\x80\x00\x00\x00\x00\x00\x00\x00", 9, -1},
                {"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", 9, LLONG_MIN},
                {"\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9, -1},
                {"\xfb\xc3\xe0\x00\x00\x00\x00\x00\x00", 9, LLONG_MIN},
        };

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                aemp_msg *msg = message(numbers[i].octets, numbers[i].size, 1);
                long long l = -1, expected = numbers[i].value;
                int k = -1;

                check_int(aemp_msg_unpack(msg, "[I]", &l), ==, expected == -1 ? -EBADMSG : 0);
                check_int(l, ==, expected);
                if (expected < INT_MIN || expected > INT_MAX)
                        expected = -1;
                check_int(aemp_msg_unpack(msg, "[i]", &k), ==, expected == -1 ? -EBADMSG : 0);
                check_int(k, ==, expected);
                aemp_msg_unref(msg);
        }
        teardown(NULL);
}

TEST(perls_numbers) {
        aemp_msg *msg = json_message(
                "[\"42\",\"-42\",2.0,-2.0,\"-9223372036854775808\",\"1.5\",\"x\",\"4 \",1.5,\"\"]");
        long long l;
        double f;
        int i[4];

        check_int(aemp_msg_unpack(msg, "[i,i,i,i,I,f*]", &i[0], &i[1], &i[2], &i[3], &l, &f), ==, 0);
        check_int(i[0], ==, 42);
        check_int(i[1], ==, -42);
        check_int(i[2], ==, 2);
        check_int(i[3], ==, -2);
        check_int(l, ==, LLONG_MIN);
        check(f == 1.5);
        check_int(aemp_msg_unpack(msg, "[f,f,f]", &f, NULL, NULL), ==, 0);
        check(f == 42);
        check_int(aemp_msg_unpack(msg, "[sssss,i]", NULL, NULL, NULL, NULL, NULL, i), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[ssssss,i]", NULL, NULL, NULL, NULL, NULL, NULL, i), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[ssssss,f]", NULL, NULL, NULL, NULL, NULL, NULL, &f), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[sssssss,i]", NULL, NULL, NULL, NULL, NULL, NULL, NULL, i), ==,
                -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[ssssssss,i]", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, i),
                ==, -EBADMSG);
        teardown(msg);
}

TEST(booleans_and_null) {
        aemp_msg *msg = json_message("[true,false,1,0,\"1\",\"\",\"0\",null,\"x\",2]");
        int b[8];

        check_int(aemp_msg_unpack(msg, "[bbbbbbbb]", b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7), ==,
                0);
        for (int i = 0; i < 8; i++)
                check_int(b[i], ==, i < 6 && i % 2 == 0);
        check_int(aemp_msg_unpack(msg, "[bbbbbbbnb]", b, b, b, b, b, b, b, b), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[bbbbbbbns]", b, b, b, b, b, b, b, NULL), ==, 0);
        check_int(aemp_msg_unpack(msg, "[n]"), ==, -EBADMSG);
        teardown(msg);
}

TEST(values) {
        aemp_msg *msg = json_message("[{\"a\":[1]},\"x\"]");
        json_t *borrowed, *own, *array;

        check_int(aemp_msg_unpack(msg, "[o,O]", &borrowed, &own), ==, 0);
        check_int(json_integer_value(json_array_get(json_object_get(borrowed, "a"), 0)), ==, 1);
        check_int(borrowed->refcount, ==, 1);
        check_str(json_string_value(own), "x");
        check_int(aemp_msg_unpack(msg, "[o,O]", NULL, NULL), ==, 0);
        check_int(aemp_msg_json(msg, &array), ==, 0);
        check_int(json_array_size(array), ==, 2);
        check(json_equal(json_array_get(array, 0), borrowed));
        json_decref(array);
        teardown(msg);
        check_str(json_string_value(own), "x");
        json_decref(own);
}

TEST(nested) {
        aemp_msg *msg = json_message("[\"t\",[1,[2,3],4],{\"a\":5,\"b\":{\"c\":[6]},\"a2\":null},7]");
        int i[7];

        check_int(aemp_msg_unpack(msg, "[s,[i,[i,i],i],{s:i,s:{s:[i]}},i]", NULL, i, i + 1, i + 2, i + 3,
                          "a", i + 4, "b", "c", i + 5, i + 6),
                ==, 0);
        for (int k = 0; k < 7; k++)
                check_int(i[k], ==, k + 1);

        /* Order in the format is that of the format. */
        check_int(aemp_msg_unpack(msg, "[s,[],{s:{},s:n,s:i}, i]", NULL, "b", "a2", "a", i, i + 1), ==, 0);
        check_int(i[0], ==, 5);
        check_int(i[1], ==, 7);
        teardown(msg);
}

TEST(optional_keys) {
        aemp_msg *msg = json_message("[{\"a\":1}]");
        const char *s = "unchanged";
        int i = 0, k = -1;
        size_t n = 77;
        json_t *o = NULL;
        double f = 0.5;

        check_int(aemp_msg_unpack(msg, "[{s?:i,s?:i}]", "a", &i, "b", &k), ==, 0);
        check_int(i, ==, 1);
        check_int(k, ==, -1);
        check_int(aemp_msg_unpack(msg, "[{s?:{s:[s%,b,i,I,f,o,n,b#,s?]},s:i!}]", "x", "y", &s, &n, &k, &k,
                          NULL, &f, &o, NULL, NULL, NULL, "a", &i),
                ==, 0);
        check_str(s, "unchanged");
        check_int(n, ==, 77);
        check(!o);
        check(f == 0.5);
        check_int(aemp_msg_unpack(msg, "[{s:i}]", "b", &k), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[{s?:s}]", "a", &s), ==, 0);
        check_str(s, "1");
        check_int(aemp_msg_unpack(msg, "[{s?:[]}]", "a"), ==, -EBADMSG);
        teardown(msg);
}

TEST(endings) {
        aemp_msg *msg = json_message("[1,[2,3],{\"a\":4,\"b\":5}]");

        check_int(aemp_msg_unpack(msg, "[]"), ==, 0);
        check_int(aemp_msg_unpack(msg, "[*]"), ==, 0);
        check_int(aemp_msg_unpack(msg, "[!]"), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[i,[i],{}]", NULL, NULL), ==, 0);
        check_int(aemp_msg_unpack(msg, "[i,[i*],{*}!]", NULL, NULL), ==, 0);
        check_int(aemp_msg_unpack(msg, "[i,[i!],{}!]", NULL, NULL), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[i,[i,i!],{s:i!}!]", NULL, NULL, NULL, "a", NULL), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[i,[i,i!],{s:i,s:i!}!]", NULL, NULL, NULL, "a", NULL, "b", NULL), ==,
                0);
        check_int(aemp_msg_unpack(msg, "[i,[i,i,i],{}]", NULL, NULL, NULL, NULL), ==, -EBADMSG);
        check_int(aemp_msg_unpack(msg, "[i,[],{},i]", NULL, NULL), ==, -EBADMSG);
        teardown(msg);
}

/* Indefinite lengths, keys of all kinds, a key given twice. */
TEST(odd_maps_and_arrays) {
        aemp_msg *msg = message("\x9f\x01\x9f\x02\xff\xff"
                                "\xbf\x61"
                                "a\x01\x05\x02\x41"
                                "a\x03\x81\x01\x04\xff\x06",
                6 + 1 + 3 + 2 + 3 + 3 + 1 + 1, 3);
        int i, k, l, m;

        check_int(aemp_msg_unpack(msg, "[[i,[i!]!],{s:i,s:i},i!]", &i, &k, "a", &l, "5", &m, NULL), ==, 0);
        check_int(i, ==, 1);
        check_int(k, ==, 2);
        check_int(l, ==, 3);
        check_int(m, ==, 2);
        check_int(aemp_msg_unpack(msg, "[[i],{*},i!]", &i, &k), ==, 0);
        check_int(k, ==, 6);
        check_int(aemp_msg_unpack(msg, "[[i,[i,i]]]", &i, &i, &i), ==, -EBADMSG);
        teardown(msg);
}

TEST(wrong_formats) {
        static const char *const formats[] = {
                "",
                "s",
                "[",
                "]",
                "[] x",
                "{}",
                "[x]",
                "[i",
                "[!i]",
                "[i*,s]",
                "[{i}]",
                "[i}",
                "[s",
        };
        aemp_msg *msg = json_message("[{},1,2]");
        int i;

        for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
                check_int(aemp_msg_unpack(msg, formats[k], &i, &i) < 0, ==, 1);
        check_int(aemp_msg_unpack(msg, "x"), ==, -EINVAL);
        check_int(aemp_msg_unpack(msg, "[{}x]"), ==, -EINVAL);
        check_int(aemp_msg_unpack(msg, "[{s:i}]", NULL, &i), ==, -EINVAL);
        check_int(aemp_msg_unpack(NULL, "[]"), ==, -EINVAL);
        check_int(aemp_msg_unpack(msg, NULL), ==, -EINVAL);
        teardown(msg);
}

TEST(tags) {
        aemp_msg *msg = json_message("[[\"x\"]]");

        check_str(aemp_msg_tag(msg), "");
        check_str(aemp_msg_tag(NULL), "");
        check_int(aemp_msg_length(NULL), ==, 0);
        aemp_msg_unref(msg);
        msg = json_message("[]");
        check_str(aemp_msg_tag(msg), "");
        check_int(aemp_msg_unpack(msg, "[!]"), ==, 0);
        aemp_msg_unref(msg);
        msg = json_message("[1]");
        check_str(aemp_msg_tag(msg), "");
        check(aemp_msg_ref(msg) == msg);
        check(!aemp_msg_unref(msg));
        check(!aemp_msg_ref(NULL));
        check(!aemp_msg_unref(NULL));
        teardown(msg);
}

static aemp_msg *kept;

static int keep_tagged(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *s;

        check_int(aemp_msg_unpack(msg, "[s]", &s), ==, 0);
        check_str(aemp_msg_tag(msg), "tag");
        kept = aemp_msg_ref(msg);
        check(kept != msg);
        check(!aemp_msg_unref(msg)); /* not ours, harmless */
        return 0;
}

TEST(kept_by_tag) {
        const char *s;
        aemp_port *port;
        const void *data;
        size_t n, size;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_rcv(port, NULL, "tag", keep_tagged, NULL), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,s]", "tag", "value"), ==, 0);
        check_int(run(a), ==, 0);
        aemp_port_unref(port);

        check_str(aemp_msg_tag(kept), "tag");
        check_int(aemp_msg_unpack(kept, "[s!]", &s), ==, 0);
        check_str(s, "value");
        check_int(aemp_msg_raw(kept, &n, &data, &size), ==, 0);
        check_int(n, ==, 1);
        check_mem(data, size, "\x65value", 6);
        check_int(aemp_msg_raw(kept, NULL, &data, &size), ==, -EINVAL);
        check_int(aemp_msg_json(kept, NULL), ==, -EINVAL);
        teardown(kept);
}

/* More than the memory kept for it. */
TEST(large_strings) {
        char *text = malloc(100001);
        const char *s[3];
        aemp_port *port;
        aemp_msg *msg;

        fake_init(&fake);
        a = fake_attach(&fake);
        memset(text, 'x', 100000);
        text[100000] = '\0';
        check_int(aemp_port_new(a, &port, keep, &msg), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,s,b#]", text, "y", "\xe4\xf6\xfc", 3), ==, 0);
        check_int(run(a), ==, 0);
        aemp_port_unref(port);
        for (int i = 0; i < 3; i++)
                check_int(aemp_msg_unpack(msg, "[s,s,s]", &s[0], &s[1], &s[2]), ==, 0);
        check_str(s[0], text);
        check_str(s[1], "y");
        check_str(s[2], "\xc3\xa4\xc3\xb6\xc3\xbc");
        free(text);
        teardown(msg);
}

static int through_list(aemp_msg *msg, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_msg_unpackv(msg, format, ap);
        va_end(ap);
        return r;
}

TEST(argument_list) {
        aemp_msg *msg = json_message("[\"text\",3]");
        const char *s;
        int i;

        check_int(through_list(msg, "[s,i]", &s, &i), ==, 0);
        check_str(s, "text");
        check_int(i, ==, 3);
        check_int(through_list(msg, "[i]", &i), ==, -EBADMSG);
        check_int(through_list(NULL, "[s]", &s), ==, -EINVAL);
        teardown(msg);
}
