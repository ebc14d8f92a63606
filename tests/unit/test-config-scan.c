/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Looking over the text of a configuration
 */

#include "daemon/config/scan.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static void on_problem(void *userdata, unsigned line, const char *text) {
        char *all = userdata;
        size_t n = strlen(all);

        snprintf(all + n, 4096 - n, "%u: %s\n", line, text);
}

static void check_scan(const void *text, size_t n, const char *problems) {
        char found[4096] = "";
        size_t lines = 0;

        for (const char *p = problems; *p; p++)
                lines += *p == '\n';

        check_int(config_scan(text, n, on_problem, found), ==, lines);
        check_str(found, problems);
}

static void check_text(const char *text, const char *problems) {
        check_scan(text, strlen(text), problems);
}

#define NEEDS_L(number) number " is too large without an L behind it: write it with an L, " number "L\n"

TEST(integers) {
        check_text("a = 2147483647; b = -2147483648; c = 0x7fffffff; d = 0;", "");
        check_text("a = 2147483648;", "1: " NEEDS_L("2147483648"));
        check_text("a = -2147483649;", "1: " NEEDS_L("-2147483649"));
        check_text("a = +4294967296;", "1: " NEEDS_L("+4294967296"));
        check_text("a = 0x80000000;", "1: " NEEDS_L("0x80000000"));
        check_text("a = 0XFFFFFFFF", "1: " NEEDS_L("0XFFFFFFFF"));
        check_text("a = 0x7fffffff, 0x000000007fffffff, 00000000000000000007", "");
        check_text("[ 1,\n3000000000,\n\n 4000000000 ]",
                "2: " NEEDS_L("3000000000") "4: " NEEDS_L("4000000000"));
}

TEST(integers_with_an_l) {
        check_text("2147483648L 4294967296LL 0x80000000L 9223372036854775807L -9223372036854775808L", "");
        check_text("0x7fffffffffffffffLL", "");
        check_text("9223372036854775808L", "1: 9223372036854775808L is too large a number\n");
        check_text("-9223372036854775809L", "1: -9223372036854775809L is too large a number\n");
        check_text("0x8000000000000000L", "1: 0x8000000000000000L is too large a number\n");
        check_text("99999999999999999999999999", "1: 99999999999999999999999999 is too large a number\n");
}

TEST(what_is_no_integer) {
        check_text("2147483648.0 .2147483648 2147483648e1 1e2147483648 2147483648.e3 1.5e-9999999999", "");
        check_text("a2147483648 = 1; *-2147483648 = 2; A_2147483648-2147483648 = 3", "");
        check_text("\"2147483648\" \"\\\"2147483648\" \"a\n2147483648\"", "");
        check_text("# 2147483648\n// 2147483648\n/* 2147483648\n * 2147483648 */", "");
        check_text("\"a\" # \" 2147483648", "");
}

TEST(integers_after_other_things) {
        check_text("\"\\\\\"2147483648", "1: " NEEDS_L("2147483648"));
        check_text("\"# /*\n\" 2147483648 # */", "2: " NEEDS_L("2147483648"));
        check_text("/**/2147483648/* */", "1: " NEEDS_L("2147483648"));
        check_text("/* \" */ 2147483648 \"*/\"", "1: " NEEDS_L("2147483648"));
        check_text("a = {2147483648}", "1: " NEEDS_L("2147483648"));
        check_text("--2147483649", "1: " NEEDS_L("-2147483649"));
        check_text("1e2147483648 2147483648", "1: " NEEDS_L("2147483648"));
        check_text("- 2147483648 +", "1: " NEEDS_L("2147483648"));
        check_text("1.2.2147483648", "");
}

TEST(what_has_no_end) {
        check_text("a = 1;\n\"b\n\n", "2: this string has no end\n");
        check_text("\"\\\"", "1: this string has no end\n");
        check_text("\"\\", "1: this string has no end\n");
        check_text("\"", "1: this string has no end\n");
        check_text("\n/* \n *", "2: this comment has no end\n");
        check_text("/*/", "1: this comment has no end\n");
        check_text("/", "");
        check_text("#", "");
}

TEST(numbers_with_letters) {
        check_text("a = 30s;", "1: 30s is no number\n");
        check_text("a = 16M; b = 1.5e; c = 0xg",
                "1: 16M is no number\n1: 1.5e is no number\n1: 0xg is no number\n");
        check_text("[ 1LLL, 5 ]", "1: 1LLL is no number\n");
}

TEST(strings_without_quotes) {
        check_text("a = host1;", "1: a string wants double quotes: \"host1\"\n");
        check_text("a = # b\n c-d;\n e : f",
                "2: a string wants double quotes: \"c-d\"\n3: a string wants double quotes: \"f\"\n");
        check_text("a = 'b c = d'; e = 1;", "1: a string wants double quotes\n");
        check_text("a = 'b\n; c = d;",
                "1: a string wants double quotes\n2: a string wants double quotes: \"d\"\n");
        check_text("'", "1: a string wants double quotes\n");
        check_text("a = true; b = FALSE; c = [ True, fAlSe ];", "");
}

TEST(names_without_equals) {
        check_text("a = 1;\nlog_level 3;", "2: there is no = behind \"log_level\"\n");
        check_text("default { a = 1; }", "1: there is no = behind \"default\"\n");
        check_text("host.example = { }", "1: there is no = behind \"host\"\n");
        check_text("a = 1;\nb", "2: there is no = behind \"b\"\n");
        check_text("a b = 1;", "1: there is no = behind \"a\"\n");
        check_text("a = 1 b = 2, c : 3", "");
}

TEST(brackets) {
        check_text("a = {\n b = [ 1 ];\n c = ( 1, ( ) );\n}", "");
        check_text("a = {\n b = {\n\n", "2: this { has no end\n");
        check_text("a = {\n b = [\n};", "3: this } does not fit the [ in line 2\n");
        check_text("a = { };\n };", "2: this } closes nothing\n");
        check_text("\"{\" # {\n /* { */", "");
        check_text("a = [ 1,\n ];", "1: there is a comma too many before the ]\n");
        check_text("a = { b = 1, };", "");
        check_text("((((((((((((((((", "1: this ( has no end\n");
        check_text("\n(((((((((((((((((((((((((", "2: too many brackets in brackets\n");
}

TEST(includes) {
        check_text("a = 1;\n  @include \"x\"\n",
                "2: @include is not for here, see \"Drop-ins\" in aempd.conf(5)\n");
        check_text("\"@include\" # @include\n@", "");
}

TEST(nul) {
        check_scan(OCTETS("a = 1;\nb = \0002; c = 5000000000"),
                "2: this is no text, there is a NUL octet in it\n");
        check_scan(OCTETS("\0"), "1: this is no text, there is a NUL octet in it\n");
        check_scan("", 0, "");
}

/* It would end the string: half of a secret. */
TEST(nul_in_a_string) {
        check_text("a = 1;\nb = \"c\n\\x00d\";", "3: there is a NUL octet in this string, \\x00\n");
        check_text("a = \"\\\\x00\"; b = \"\\x01\\x10\\x0\";", "");
        check_text("a = \"\\x00\\x00\";", "1: there is a NUL octet in this string, \\x00\n");
}

TEST(byte_order_mark) {
        check_text("\xef\xbb\xbf"
                   "a = 1;",
                "1: this begins with a byte order mark: save it without one\n");
        check_text("\xef\xbb", "");
}

/* AnyEvent::MP's configuration is JSON. */
TEST(json) {
        check_text("# x\n{\n \"nodeid\" : \"a\", \"secret\" : \"b\" }",
                "2: there is no name before this {: it begins with default = { ... };\n");
        check_text(
                "default = { \"nodeid\" : \"a\" }", "1: a name has no quotes: what is before this : has\n");
}

TEST(pairs) {
        check_text("a = ;", "1: there is no value behind this =\n");
        check_text("a = { b = }", "1: there is no value behind this =\n");
        check_text("a = 1;\nb :", "2: there is no value behind this :\n");
        check_text("a == 1;", "1: there is no value behind this =\n");
        check_text("a = {\n = 1; };", "2: there is no name before this =\n");
        check_text("a = 1;; b = 2;", "1: there is a ; too many\n");
        check_text("a = [ 1,, 2 ];", "1: there is a , too many\n");
        check_text("a = 1,; b = 2;", "1: there is a ; too many\n");
        check_text("a = 1, b = 2; c = { }; d = [ ];", "");
}

TEST(yes_and_no) {
        check_text("a = yes; b = No; c = on; d = OFF;",
                "1: yes is no value, write true or false\n1: No is no value, write true or false\n"
                "1: on is no value, write true or false\n1: OFF is no value, write true or false\n");
}

/* What goes into the log must not be a secret. */
TEST(secrets_are_not_shown) {
        check_text("secret = geheim;", "1: a string wants double quotes: \"...\"\n");
        check_text("secret = [ 7geheim, geheim, geheim ];",
                "1: ... is no number\n1: there is no = behind \"...\"\n1: there is no = behind \"...\"\n");
        check_text("secret geheim; a = b;",
                "1: there is no = behind \"secret\"\n1: there is no = behind \"...\"\n"
                "1: a string wants double quotes: \"b\"\n");
        check_text("secret = 99999999999;",
                "1: ... is too large without an L behind it: write it with an L, ...L\n");
        check_text("secret = 99999999999999999999;", "1: ... is too large a number\n");
        check_text("secret_file = geheim;", "1: a string wants double quotes: \"geheim\"\n");
}
