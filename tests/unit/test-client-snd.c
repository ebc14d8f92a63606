/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

/* aemp_snd() of these arguments arrives as this. */
#define sends(json, ...) \
        do { \
                check_int(aemp_snd(a, "n#p", __VA_ARGS__), ==, 0); \
                check_int(run(a), ==, 0); \
                fake_expect(&fake, json); \
        } while (0)

TEST(formats) {
        setup();
        sends("[\"n#p\"]", NULL);
        sends("[\"n#p\"]", "[]");
        sends("[\"n#p\"]", " [ ] ");
        sends("[\"n#p\",\"ping\",42]", "[s,i]", "ping", 42);
        sends("[\"n#p\",\"a\",null,\"b\",\"bc\",\"bc\",null]", "[s s? s? s# s% s#?]", "a", NULL, "b", "bcd",
                2, "bcd", (size_t) 2, NULL, 0);
        sends("[\"n#p\",\"\xc3\xa4\\u0000\"]", "[s#]", "\xc3\xa4\0", 3);
        sends("[\"n#p\",\"\xc3\xa4\",\"\"]", "[b#b%]", "\xe4", 1, NULL, (size_t) 0);
        sends("[\"n#p\",null,true,false,true]", "[n,b,b,b]", 1, 0, 7);
        sends("[\"n#p\",-1,2147483647,-2147483648]", "[iii]", -1, INT32_MAX, INT32_MIN);
        sends("[\"n#p\",-9223372036854775808,9223372036854775807]", "[I:I]", INT64_MIN, INT64_MAX);
        sends("[\"n#p\",0.5,2,0.1,null]", "[f,f,f,f]", 0.5, 2.0, 0.1, (double) NAN);
        sends("[\"n#p\",[],[1,[\"x\"]],{},{\"a\":1,\"b\":{\"c\":[null]}}]",
                "[[],[i[s]],{},{s:i,s#:{s%:[n]}}]", 1, "x", "a", 1, "bx", 1, "c", (size_t) 1);
        teardown();
}

TEST(values) {
        json_t *value = json_pack("{s:[i,n]}", "k", 7);

        setup();
        sends("[\"n#p\",{\"k\":[7,null]},1]", "[O,i]", value, 1);
        sends("[\"n#p\",null,null,{\"k\":[7,null]}]", "[o?,O?,o?]", NULL, NULL, json_incref(value));
        sends("[\"n#p\",{\"x\":{\"k\":[7,null]}}]", "[{s:o}]", "x", value);
        teardown();
}

/* Arrays longer than one octet can say. */
TEST(long_arrays) {
        static const int lengths[] = {23, 24, 255, 256, 257};
        char format[600];

        setup();
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                json_t *array;

                strcpy(format, "[[");
                for (int k = 0; k < lengths[i]; k++)
                        strcat(format, "n");
                strcat(format, "],s]");
                check_int(aemp_snd(a, "n#p", format, "end"), ==, 0);
                check_int(run(a), ==, 0);
                array = json_loads(fake_hear(&fake), 0, NULL);
                check_int(json_array_size(json_array_get(array, 1)), ==, lengths[i]);
                check_str(json_string_value(json_array_get(array, 2)), "end");
                json_decref(array);
        }
        teardown();
}

TEST(wrong_formats) {
        static const char *const formats[] = {
                "",
                "s",
                "[",
                "[[]",
                "]",
                "[]]",
                "[] x",
                "{}",
                "[x]",
                "[s#",
                "[{n}]",
                "[{s}]",
                "[b#?]",
                "[n?]",
                "[s+]",
        };
        char deep[200];

        setup();
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
                check_int(aemp_snd(a, "n#p", formats[i], "", 0, 0, 0), ==, -EINVAL);
        memset(deep, '[', 100);
        memset(deep + 100, ']', 100);
        check_int(aemp_snd(a, "n#p", deep), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        teardown();
}

TEST(wrong_arguments) {
        static const char *const ids[] = {"n#p\n", "n\x80", "\xff#p", " n#p", "n,#p"};

        setup();
        check_int(aemp_snd(a, "n#p", "[s]", NULL), ==, -EINVAL);
        check_int(aemp_snd(a, "n#p", "[s]", "\xff"), ==, -EINVAL);
        check_int(aemp_snd(a, "n#p", "[s#]", "x", -1), ==, -EINVAL);
        check_int(aemp_snd(a, "n#p", "[b#]", NULL, 1), ==, -EINVAL);
        check_int(aemp_snd(a, "n#p", "[{s?:i}]", "x", 1), ==, -EINVAL);
        check_int(aemp_snd(a, "n#p", "[o]", NULL), ==, -EINVAL);
        check_int(aemp_snd(a, NULL, "[]"), ==, -EINVAL);
        check_int(aemp_snd(NULL, "n#p", "[]"), ==, -EINVAL);
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
                check_int(aemp_snd(a, ids[i], "[]"), ==, -EINVAL);
                check_int(aemp_kil(a, ids[i], "[]"), ==, -EINVAL);
                check_int(aemp_mon(a, NULL, ids[i], heard_mon, NULL), ==, -EINVAL);
        }
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        teardown();
}

/* "o" is taken in any case, so that callers need not care. */
TEST(values_are_taken_on_failure) {
        json_t *value = json_array();

        setup();
        check_int(
                aemp_snd(a, "n#p", "[s,o,[o]]", NULL, json_incref(value), json_incref(value)), ==, -EINVAL);
        check_int(aemp_snd(NULL, "n#p", "[o,s]", json_incref(value), "x"), ==, -EINVAL);
        check_int(aemp_snd(a, NULL, "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_snd(a, "bad\n", "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_kil(a, NULL, "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_port_kil(NULL, "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_mon_snd(a, NULL, NULL, "n#q", "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_cal(a, NULL, NULL, 1, heard_cal, NULL, "[o]", json_incref(value)), ==, -EINVAL);
        check_int(aemp_cal(a, NULL, "n#p", 1, NULL, NULL, "[o]", json_incref(value)), ==, -EINVAL);
        check_int(value->refcount, ==, 1);
        json_decref(value);
        teardown();
}

/* The library's own array counts, too: aempd would cut us off. */
TEST(too_deep) {
        json_t *value = json_array(), *array;

        setup();
        for (int i = 0; i < 510; i++) {
                json_t *outer = json_array();

                json_array_append_new(outer, value);
                value = outer;
        }
        check_int(aemp_snd(a, "n#p", "[O]", value), ==, 0);
        check_int(aemp_snd(a, "n#p", "[[O]]", value), ==, -ELOOP);
        array = json_pack("[[O]]", value);
        check_int(aemp_snd_json(a, "n#p", array), ==, -ELOOP);
        json_decref(array);
        json_decref(value);
        teardown();
}

TEST(json) {
        json_t *array = json_pack("[s,{s:f},[n]]", "x", "y", 1.5);

        setup();
        check_int(aemp_snd_json(a, "n#p", array), ==, 0);
        check_int(aemp_snd_json(a, "n#p", json_object_get(json_array_get(array, 1), "y")), ==, -EINVAL);
        check_int(aemp_snd_json(a, "n#p", NULL), ==, -EINVAL);
        check_int(aemp_snd_json(a, NULL, array), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"x\",{\"y\":1.5},[null]]");
        fake_expect_nothing(&fake);
        json_decref(array);
        teardown();
}

TEST(raw) {
        static const struct {
                size_t n;
                const char *octets;
                size_t size;
                const char *json; /* NULL: -EBADMSG */
        } raws[] = {
                {0, "", 0, "[\"n#p\"]"},
                {2, "\x64ping\x18\x2a", 7, "[\"n#p\",\"ping\",42]"},
                {1, "\x81\x01", 2, "[\"n#p\",[1]]"},
                {1, "\x9f\x01\xff", 3, "[\"n#p\",[1]]"},
                {4, "\x41\xe4\xf4\xf6\x20", 5, "[\"n#p\",\"\xc3\xa4\",false,null,-1]"},
                {1, "\x78\x03xyz", 5, "[\"n#p\",\"xyz\"]"},
                {0, "\x01", 1, NULL},
                {1, "", 0, NULL},
                {2, "\x01", 1, NULL},
                {1, "\x01\x02", 2, NULL},
                {1, "\x61", 1, NULL},
                {1, "\x78\x04xyz", 5, NULL},
                {1, "\xff", 1, NULL},
                {1, "\x1c", 1, NULL},
                {1, "\x82\x01", 2, NULL},
                {SIZE_MAX, "\x01", 1, NULL},
        };

        setup();
        for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
                int r = aemp_snd_raw(a, "n#p", raws[i].n, raws[i].octets, raws[i].size);

                check_int(r, ==, raws[i].json ? 0 : -EBADMSG);
                check_int(run(a), ==, 0);
                if (raws[i].json)
                        fake_expect(&fake, raws[i].json);
        }
        check_int(aemp_snd_raw(a, "n#p", 0, NULL, 0), ==, 0);
        check_int(aemp_snd_raw(a, "n#p", 1, NULL, 1), ==, -EINVAL);
        check_int(aemp_snd_raw(a, NULL, 0, NULL, 0), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#p\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(destinations) {
        setup();
        check_int(aemp_snd(a, "", "[s]", "time"), ==, 0);
        check_int(aemp_snd(a, "host1", "[s]", "time"), ==, 0);
        check_int(aemp_snd(a, "host2#", "[s]", "time"), ==, 0);
        check_int(aemp_snd(a, "host1#P9.1", NULL), ==, 0); /* of another process */
        check_int(aemp_snd(a, "host1#other", NULL), ==, 0);
        check_int(aemp_snd(a, "host2#P1.1", NULL), ==, 0); /* of another node */
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"time\"]");
        fake_expect(&fake, "[\"host1\",\"time\"]");
        fake_expect(&fake, "[\"host2#\",\"time\"]");
        fake_expect(&fake, "[\"host1#P9.1\"]");
        fake_expect(&fake, "[\"host1#other\"]");
        fake_expect(&fake, "[\"host2#P1.1\"]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(kil) {
        setup();
        check_int(aemp_kil(a, "n#p", NULL), ==, 0);
        check_int(aemp_kil(a, "n#p", "[s,i]", "bad", 1), ==, 0);
        check_int(aemp_kil(a, "n", NULL), ==, 0);
        check_int(aemp_kil(a, "n#", NULL), ==, 0);
        check_int(aemp_kil(a, "", NULL), ==, 0);
        check_int(aemp_kil(a, "host1#P1.5", NULL), ==, 0);
        check_int(aemp_kil(a, NULL, NULL), ==, -EINVAL);
        check_int(aemp_kil(a, "n#p", "x"), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"\",\"kil1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"kil1\",\"n#p\",\"bad\",1]");
        fake_expect_nothing(&fake);
        teardown();
}

TEST(too_large) {
        char *large = calloc(1, 1024 * 1024);

        setup();
        memset(large, 'x', 1024 * 1024 - 1);
        check_int(aemp_snd(a, "n#p", "[s]", large), ==, -EMSGSIZE);
        check_int(aemp_snd(a, "n#p", "[b#]", large, 1024 * 1024), ==, -EMSGSIZE);
        check_int(aemp_kil(a, "n#p", "[s]", large), ==, -EMSGSIZE);
        check_int(aemp_cal(a, NULL, "n#p", 1, heard_cal, NULL, "[s]", large), ==, -EMSGSIZE);
        large[1000000] = '\0';
        check_int(aemp_snd(a, "n#p", "[s]", large), ==, 0);
        free(large);
        teardown();
}

/* Nothing leaves before the turn's end, and then all at once; a lot leaves earlier. */
TEST(gathers) {
        char block[1000];

        setup();
        for (int i = 0; i < 100; i++)
                check_int(aemp_snd(a, "n#p", "[i]", i), ==, 0);
        fake_expect_nothing(&fake);
        check_int(aemp_get_queued(a), >, 0);
        check_int(run(a), ==, 0);
        check_int(aemp_get_queued(a), ==, 0);
        for (int i = 0; i < 100; i++)
                check(fake_peek(&fake));
        fake_expect_nothing(&fake);

        memset(block, 'x', sizeof block);
        for (int i = 0; i < 60; i++)
                check_int(aemp_snd(a, "n#p", "[b#]", block, 1000), ==, 0);
        fake_expect_nothing(&fake);
        for (int i = 0; i < 10; i++)
                check_int(aemp_snd(a, "n#p", "[b#]", block, 1000), ==, 0);
        check(fake_peek(&fake));
        check_int(aemp_get_queued(a), <, 10000);
        teardown();
}

TEST(flush) {
        char block[1000];
        int n = 0;

        setup();
        check_int(aemp_snd(a, "n#p", "[i]", 1), ==, 0);
        check_int(aemp_flush(a, 0), ==, 0);
        check_str(fake_peek(&fake), "[\"n#p\",1]");

        memset(block, 'x', sizeof block);
        while (aemp_get_queued(a) < 200 * 1000) {
                check_int(aemp_snd(a, "n#p", "[b#]", block, 1000), ==, 0);
                n++;
        }
        check_int(aemp_flush(a, 1000), ==, -ETIMEDOUT);
        while (n > 0) {
                while (fake_peek(&fake))
                        n--;
                check_int(run(a), ==, 0);
        }
        check_int(n, ==, 0);
        check_int(aemp_flush(a, 0), ==, 0);

        fake_hang_up(&fake);
        check_int(aemp_snd(a, "n#p", "[i]", 1), ==, 0);
        check_int(aemp_flush(a, 0), ==, -ENOTCONN);
        check_int(aemp_flush(NULL, 0), ==, -EINVAL);
        teardown();
}

TEST(bound) {
        aemp_slot *slot;
        aemp_port *port;
        char block[1000];
        Heard h = {0};
        int r, n = 0, more = 0;

        setup();
        memset(block, 'x', sizeof block);
        check_int(aemp_on_writable(a, &slot, heard_fn, &h), ==, 0);
        check_int(aemp_set_queue_bound(a, 100 * 1000), ==, 0);
        while ((r = aemp_snd(a, "n#p", "[b#]", block, 1000)) >= 0)
                n++;
        check_int(r, ==, -EAGAIN);
        check_int(aemp_get_queued(a), >, 100 * 1000);
        check_int(aemp_get_queued(a), <, 102 * 1000);
        check_int(aemp_cal(a, NULL, "n#p", 1, heard_cal, NULL, NULL), ==, -EAGAIN);
        check_int(aemp_kil(a, "n#p", NULL), ==, 0); /* is never refused */
        check_int(run(a), ==, 0);
        check_str(heard(&h), "");

        while (fake_peek(&fake)) /* the kil, too */
                more++;
        run_next(a);
        check_str(heard(&h), ".; ");
        while (fake_peek(&fake))
                more++;
        check_int(more, ==, n + 1);
        check_int(run(a), ==, 0);
        check_str(heard(&h), ""); /* once */

        /* What waits for our own ports counts. */
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_set_queue_bound(a, 10), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "long enough"), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "long enough"), ==, -EAGAIN);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, -EAGAIN);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"long enough\"]; .; ");

        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "long enough"), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "long enough"), ==, -EAGAIN);
        check_int(aemp_set_queue_bound(a, 0), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "more"), ==, 0);
        aemp_slot_unref(slot);
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[\"long enough\"]; [\"more\"]; ");

        check_int(aemp_set_queue_bound(NULL, 0), ==, -EINVAL);
        check_int(aemp_get_queued(NULL), ==, 0);
        aemp_port_unref(port);
        teardown();
}

static int through_lists(int which, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = which == 0 ? aemp_sndv(a, "n#p", format, ap) : aemp_kilv(a, "n#p", format, ap);
        va_end(ap);
        return r;
}

TEST(argument_lists) {
        setup();
        check_int(through_lists(0, "[s,i]", "x", 1), ==, 0);
        check_int(through_lists(1, "[s,i]", "y", 2), ==, 0);
        check_int(through_lists(0, "[q]"), ==, -EINVAL);
        check_int(through_lists(1, "[q]"), ==, -EINVAL);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"x\",1]");
        fake_expect(&fake, "[\"\",\"kil1\",\"n#p\",\"y\",2]");
        fake_expect_nothing(&fake);
        teardown();
}
