/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configured node ID
 */

#include "daemon/config/nodeid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tests/unit/test.h"
#include "wire/id.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static char *expand(const char *pattern) {
        char *id = NULL;

        check_int(nodeid_expand(pattern, &id), ==, 0);
        return id;
}

static void check_bad(const char *pattern, const char *result) {
        char *id = NULL;

        check_int(nodeid_expand(pattern, &id), ==, -EINVAL);
        check_str(id, result);
        free(id);
}

/* 10 characters of 62 are 59.5 bits. */
static void check_random(const char *text, size_t n) {
        check_int(n, >=, 10);
        check_int(strspn(text, alphabet), >=, n);
}

TEST(plain) {
        char *id = expand("a-b_c.d:e/f");

        check_str(id, "a-b_c.d:e/f");
        free(id);
}

TEST(the_host) {
        struct utsname host;
        char expected[256] = "x", *id = expand("x%n%ny");

        uname(&host);
        strcat(strcat(strcat(expected, host.nodename), host.nodename), "y");
        check_str(id, expected);
        free(id);
}

TEST(random) {
        char *id = expand("%u"), *other = expand("%u"), *two = expand("%u.%u");
        size_t first = strcspn(two, ".");

        check_random(id, strlen(id));
        check(strcmp(id, other) != 0);

        check_random(two, first);
        check_random(two + first + 1, strlen(two + first + 1));
        check(strncmp(two, two + first + 1, first) != 0);
        free(id);
        free(other);
        free(two);
}

TEST(all_of_the_alphabet) {
        bool seen[256] = {};
        unsigned kinds = 0;

        for (unsigned i = 0; i < 1000; i++) {
                char *id = expand("%u");

                for (char *p = id; *p; p++)
                        seen[(unsigned char) *p] = true;
                free(id);
        }
        for (size_t i = 0; i < sizeof(seen); i++)
                kinds += seen[i];
        check_int(kinds, ==, 62);
}

TEST(a_slash_at_the_end) {
        char *id = expand("lab/"), *other = expand("lab/"), *inside = expand("a/b");

        check_int(strncmp(id, "lab/", 4), ==, 0);
        check_random(id + 4, strlen(id + 4));
        check(strcmp(id, other) != 0);
        check_str(inside, "a/b");
        free(id);
        free(other);
        free(inside);
}

TEST(what_is_no_node_id) {
        char longest[NODE_ID_MAX + 2], *id;

        check_bad("", "");
        check_bad("a#b", "a#b");
        check_bad("%x", "%x");
        check_bad("%", "%");

        memset(longest, 'x', sizeof(longest));
        longest[NODE_ID_MAX + 1] = '\0';
        check_bad(longest, longest);
        longest[NODE_ID_MAX] = '\0';
        id = expand(longest);
        check_str(id, longest);
        free(id);
}
