/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <jansson.h>
#include <limits.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static aemp_port *port;
static Heard pattern, tagged, other;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_port_new(a, &port, heard_msg, &other), ==, 0);
}

static void teardown(void) {
        aemp_port_unref(port);
        aemp_unref(a);
        fake_deinit(&fake);
        (void) heard(&pattern);
        (void) heard(&tagged);
        (void) heard(&other);
}

/* The message went to the pattern, or to where all others go. */
static bool taken(void) {
        bool r = pattern.text.len > 0;

        check_int(r, !=, other.text.len > 0);
        (void) heard(&pattern);
        (void) heard(&other);
        return r;
}

static bool takes(const char *json) {
        json_t *array = json_loads(json, JSON_ALLOW_NUL, NULL);

        check(array);
        check_int(aemp_snd_json(a, aemp_port_id(port), array), ==, 0);
        check_int(run(a), ==, 0);
        json_decref(array);
        return taken();
}

static bool takes_raw(const void *octets, size_t size, size_t n) {
        check_int(aemp_snd_raw(a, aemp_port_id(port), n, octets, size), ==, 0);
        check_int(run(a), ==, 0);
        return taken();
}

static aemp_slot *slot;

/* The pattern that is tried from here on. */
#define with(...) \
        do { \
                slot = aemp_slot_unref(slot); \
                check_int(aemp_rcv_match(port, &slot, heard_msg, &pattern, __VA_ARGS__), ==, 0); \
        } while (0)
#define RAW(literal, n) (literal), sizeof(literal) - 1, (n)

TEST(leading_elements) {
        setup();
        with("[s,i]", "child_died", 77);
        check(takes("[\"child_died\",77]"));
        check(takes("[\"child_died\",77,\"more\",[1]]"));
        check(!takes("[\"child_died\",78]"));
        check(!takes("[\"child_die\",77]"));
        check(!takes("[\"child_died\"]"));
        check(!takes("[77,\"child_died\"]"));
        check(!takes("[]"));

        with("[_,_,i]", 3);
        check(takes("[1,2,3]"));
        check(takes("[null,{\"a\":[1]},3,4]"));
        check(!takes("[1,2]"));
        check(!takes("[1,2,4]"));

        with("[]");
        check(takes("[]"));
        check(takes("[1]"));
        with(NULL);
        check(takes("[]"));
        aemp_slot_unref(slot);
        teardown();
}

/* The callback sees the whole message. */
TEST(whole_message) {
        setup();
        check_int(aemp_rcv_match(port, NULL, heard_msg, &pattern, "[s]", "tag"), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,i]", "tag", 1), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&pattern), "[\"tag\",1]; ");
        teardown();
}

TEST(strings) {
        setup();
        with("[s]", "\xc3\xa4");
        check(takes_raw(RAW("\x62\xc3\xa4", 1)));
        check(takes_raw(RAW("\x41\xe4", 1)));
        check(takes_raw(RAW("\x5f\x41\xe4\xff", 1)));
        check(takes_raw(RAW("\x7f\x62\xc3\xa4\x60\xff", 1)));
        check(takes_raw(RAW("\xd8\x2a\x41\xe4", 1)));
        check(!takes_raw(RAW("\x42\xc3\xa4", 1)));
        check(!takes_raw(RAW("\x41\xe5", 1)));

        /* The other way round. */
        with("[b#]", "\xe4", 1);
        check(takes_raw(RAW("\x62\xc3\xa4", 1)));
        check(takes_raw(RAW("\x41\xe4", 1)));
        with("[b%]", "a\0b", (size_t) 3);
        check(takes("[\"a\\u0000b\"]"));
        check(!takes("[\"a\"]"));
        with("[s#]", "abc", 2);
        check(takes("[\"ab\"]"));
        check(!takes("[\"abc\"]"));
        with("[s]", "");
        check(takes("[\"\"]"));
        check(!takes("[null]"));
        check(!takes("[0]"));
        aemp_slot_unref(slot);
        teardown();
}

TEST(numbers) {
        setup();
        with("[i]", 3);
        check(takes("[3]"));
        check(takes("[3.0]"));
        check(takes("[\"3\"]"));
        check(takes_raw(RAW("\x1b\0\0\0\0\0\0\0\x03", 1)));
        check(takes_raw(RAW("\xf9\x42\x00", 1)));
        check(takes_raw(RAW("\xfb\x40\x08\0\0\0\0\0\0", 1)));
        check(takes_raw(RAW("\x41\x33", 1)));
        check(!takes("[3.5]"));
        check(!takes("[-3]"));
        check(!takes("[-4]"));
        check(!takes("[2]"));
        check(!takes("[\"3.0\"]"));
        check(!takes("[\"03\"]"));
        check(!takes("[true]"));
        check(!takes("[[3]]"));

        with("[I]", LLONG_MIN);
        check(takes("[-9223372036854775808]"));
        check(takes("[-9223372036854775808.0]"));
        check(takes("[\"-9223372036854775808\"]"));
        check(!takes("[-9223372036854775807]"));
        with("[f]", 1e19);
        check(takes_raw(RAW("\x1b\x8a\xc7\x23\x04\x89\xe8\0\0", 1)));
        check(!takes_raw(RAW("\x1b\x8a\xc7\x23\x04\x89\xe8\0\1", 1)));
        with("[f]", -0x1p64);
        check(takes_raw(RAW("\x3b\xff\xff\xff\xff\xff\xff\xff\xff", 1)));
        check(!takes_raw(RAW("\x3b\xff\xff\xff\xff\xff\xff\xff\xfe", 1)));
        with("[f]", 0.5);
        check(takes("[0.5]"));
        check(takes("[\"0.5\"]"));
        check(takes_raw(RAW("\xf9\x38\x00", 1)));
        check(!takes("[0.25]"));
        check(!takes("[0]"));
        with("[i]", 0);
        check(takes_raw(RAW("\xf9\x80\x00", 1))); /* -0.0 */
        check(!takes("[false]"));
        check(!takes("[null]"));
        aemp_slot_unref(slot);
        teardown();
}

/* A string that is a number's decimal one. */
TEST(numeric_strings) {
        setup();
        with("[s]", "3");
        check(takes("[3]"));
        check(takes("[\"3\"]"));
        check(takes("[3.0]"));
        check(!takes("[30]"));
        with("[s]", "-1");
        check(takes("[-1]"));
        with("[s]", "true");
        check(!takes("[true]"));
        aemp_slot_unref(slot);
        teardown();
}

TEST(constants) {
        setup();
        with("[n,b,b]", 1, 0);
        check(takes("[null,true,false]"));
        check(takes_raw(RAW("\xf7\xf5\xf4", 3)));
        check(!takes("[null,true,true]"));
        check(!takes("[null,1,0]"));
        check(!takes("[false,true,false]"));
        check(!takes("[\"\",true,false]"));
        with("[s?]", NULL);
        check(takes("[null]"));
        check(!takes("[\"\"]"));
        aemp_slot_unref(slot);
        teardown();
}

TEST(nested) {
        setup();
        with("[[i,_],{s:i,s:[s,_]}]", 1, "a", 2, "b", "x");
        check(takes("[[1,null],{\"b\":[\"x\",[]],\"a\":2}]"));
        check(!takes("[[1],{\"b\":[\"x\",[]],\"a\":2}]"));
        check(!takes("[[1,2,3],{\"b\":[\"x\",[]],\"a\":2}]"));
        check(!takes("[[1,2],{\"b\":[\"x\",[]]}]"));
        check(!takes("[[1,2],{\"b\":[\"x\",[]],\"a\":2,\"c\":3}]"));
        check(!takes("[[1,2],{\"b\":[\"y\",[]],\"a\":2}]"));
        check(!takes("[[1,2],[]]"));
        check(!takes("[{},[]]"));

        /* Indefinite lengths, keys of other kinds, a key given twice: the last counts. */
        check(takes_raw(RAW("\x9f\x01\x02\xff\xbf\x41"
                            "b\x9f\x61"
                            "x\x01\xff\x61"
                            "a\x01\x41"
                            "a\x02\xff",
                2)));
        check(!takes_raw(RAW("\x9f\x01\x02\x03\xff\xbf\x41"
                             "b\x82\x61"
                             "x\x01\x61"
                             "a\x02\xff",
                2)));
        check(!takes_raw(RAW("\x9f\x01\xff\xbf\x41"
                             "b\x82\x61"
                             "x\x01\x61"
                             "a\x02\xff",
                2)));
        check(!takes_raw(RAW("\x82\x01\x02\xa3\x61"
                             "a\x02\x61"
                             "b\x82\x61"
                             "x\x01\x81\x01\x02",
                2)));

        with("[[i],n]", 1);
        check(takes_raw(RAW("\xd8\x2a\x81\xd8\x2a\x01\xd8\x2a\xf6", 2))); /* tags are nothing */
        with("[{},[]]");
        check(takes("[{},[],1]"));
        check(!takes("[{\"a\":1},[]]"));
        check(!takes("[{},[1]]"));
        with("[o]", json_pack("{s:[i,n]}", "k", 5));
        check(takes("[{\"k\":[5,null]}]"));
        check(!takes("[{\"k\":[5]}]"));
        aemp_slot_unref(slot);
        teardown();
}

/* In the order in which they were made, before the tags. */
TEST(order) {
        static Heard first, second;
        aemp_slot *early;

        setup();
        check_int(aemp_rcv(port, NULL, "t", heard_msg, &tagged), ==, 0);
        check_int(aemp_rcv_match(port, &early, heard_msg, &first, "[s,_,i]", "t", 1), ==, 0);
        check_int(aemp_rcv_match(port, NULL, heard_msg, &second, "[s,i]", "t", 1), ==, 0);
        check_int(aemp_rcv_match(port, NULL, heard_msg, &pattern, "[s,i]", "t", 1), ==, 0);

        check_int(aemp_snd(a, aemp_port_id(port), "[s,i,i]", "t", 1, 1), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,i,i]", "t", 1, 2), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,i]", "t", 2), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(port), "[s]", "u"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&first), "[\"t\",1,1]; ");
        check_str(heard(&second), "[\"t\",1,2]; ");
        check_str(heard(&pattern), "");
        check_str(heard(&tagged), "[2]; ");
        check_str(heard(&other), "[\"u\"]; ");

        /* Dropped. */
        aemp_slot_unref(early);
        check_int(aemp_snd(a, aemp_port_id(port), "[s,i,i]", "t", 1, 1), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&second), "[\"t\",1,1]; ");
        teardown();
}

TEST(from_aempd) {
        setup();
        check_int(aemp_rcv_match(port, NULL, heard_msg, &pattern, "[s,s]", "DOWN", "n#p"), ==, 0);
        fake_say(&fake, "[\"P1.1\",\"DOWN\",\"n#p\",\"die\"]");
        fake_say(&fake, "[\"P1.1\",\"DOWN\",\"n#q\",\"die\"]");
        check_int(run(a), ==, 0);
        check_str(heard(&pattern), "[\"DOWN\",\"n#p\",\"die\"]; ");
        check_str(heard(&other), "[\"DOWN\",\"n#q\",\"die\"]; ");
        teardown();
}

TEST(no_other_callback) {
        aemp_port *strict;

        setup();
        check_int(aemp_port_new(a, &strict, NULL, NULL), ==, 0);
        check_int(aemp_rcv_match(strict, NULL, heard_msg, &pattern, "[i]", 1), ==, 0);
        check_int(aemp_mon(a, NULL, aemp_port_id(strict), heard_mon, &other), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(strict), "[i]", 1), ==, 0);
        check_int(aemp_snd(a, aemp_port_id(strict), "[s]", "x"), ==, 0);
        check_int(run(a), ==, 0);
        check_str(heard(&pattern), "[1]; ");
        check_str(heard(&other),
                "host1#P1.2 [\"unhandled_message\",\"no callback takes message \\\"x\\\"\"]; ");
        aemp_port_unref(strict);
        teardown();
}

/* The slot is done when the port dies, and has one already. */
TEST(slot) {
        aemp_port *second;

        setup();
        check_int(aemp_port_new(a, &second, NULL, NULL), ==, 0);
        check_int(aemp_rcv_match(port, &slot, heard_msg, &pattern, "[i]", 1), ==, 0);
        check_int(aemp_slot_set_port(slot, second), ==, -EINVAL);
        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(aemp_slot_set_port(slot, second), ==, -ESTALE);
        aemp_slot_unref(slot);
        aemp_port_unref(second);
        teardown();
}

TEST(wrong) {
        static const char *const formats[] = {
                "", "_", "[", "[_", "[x]", "[i}", "{}", "[] x", "[{_:i}]", "[_i"};
        json_t *value;

        setup();
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
                check_int(aemp_rcv_match(port, &slot, heard_msg, NULL, formats[i], 1, 1), ==, -EINVAL);
        check_int(aemp_rcv_match(port, &slot, heard_msg, NULL, "[s]", "\xff"), ==, -EINVAL);
        check_int(aemp_rcv_match(port, &slot, heard_msg, NULL, "[s]", NULL), ==, -EINVAL);
        check_int(aemp_rcv_match(port, &slot, NULL, NULL, "[]"), ==, -EINVAL);
        check_int(aemp_rcv_match(NULL, &slot, heard_msg, NULL, "[]"), ==, -EINVAL);
        check(!slot);

        /* "o" gives its reference away in any case. */
        value = json_object();
        json_incref(value);
        check_int(aemp_rcv_match(port, &slot, NULL, NULL, "[o]", value), ==, -EINVAL);
        check_int(value->refcount, ==, 1);
        json_decref(value);

        /* Only patterns have it. */
        check_int(aemp_snd(a, "n#p", "[_]"), ==, -EINVAL);
        check_int(aemp_kil(a, "n#p", "[_]"), ==, -EINVAL);

        check_int(aemp_port_kil(port, NULL), ==, 0);
        check_int(aemp_rcv_match(port, &slot, heard_msg, NULL, "[]"), ==, -ESTALE);
        teardown();
}

static int match_list(const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_rcv_matchv(port, NULL, heard_msg, &pattern, format, ap);
        va_end(ap);
        return r;
}

TEST(argument_list) {
        setup();
        check_int(match_list("[_,i]", 3), ==, 0);
        check_int(match_list("[q]"), ==, -EINVAL);
        check(takes("[\"x\",3]"));
        check(!takes("[\"x\",4]"));
        teardown();
}
