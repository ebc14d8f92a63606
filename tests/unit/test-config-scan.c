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
        check_text("{2147483648}", "1: " NEEDS_L("2147483648"));
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
