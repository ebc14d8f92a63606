/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Addresses and endpoints
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/net/endpoint.h"
#include "tests/unit/test.h"

static void check_endpoint(const char *text, const char *host, int port) {
        Endpoint endpoint;

        if (endpoint_parse(&endpoint, text) != 0)
                test_fail(__FILE__, __LINE__, "\"%s\" is refused", text);
        check_str(endpoint.host, host);
        check_int(endpoint.port, ==, port);
}

static void check_no_endpoint(const char *text) {
        Endpoint endpoint = {.port = 7};

        if (endpoint_parse(&endpoint, text) != -EINVAL)
                test_fail(__FILE__, __LINE__, "\"%s\" is accepted", text);
        check_int(endpoint.port, ==, 7);
}

static Address address(const char *host, uint16_t port) {
        Address a;

        check_int(address_from_host(&a, host, port), ==, 0);
        return a;
}

TEST(endpoints) {
        check_endpoint("hub1.example:4040", "hub1.example", 4040);
        check_endpoint("hub_1-a.example.:1", "hub_1-a.example.", 1);
        check_endpoint("10.1.2.3:65535", "10.1.2.3", 65535);
        check_endpoint("[::1]:4040", "::1", 4040);
        check_endpoint("[fd00::1]:4040", "fd00::1", 4040);
        check_endpoint("*:4040", "*", 4040);
        check_endpoint("4040", "", 4040);
}

TEST(endpoints_with_any_port) {
        check_endpoint("*", "*", 0);
        check_endpoint("*:*", "*", 0);
        check_endpoint("hub1", "hub1", 0);
        check_endpoint("hub1:*", "hub1", 0);
        check_endpoint("10.1.2.3", "10.1.2.3", 0);
        check_endpoint("[::1]", "::1", 0);
        check_endpoint("[::1]:*", "::1", 0);
}

TEST(no_endpoints) {
        static const char *const texts[] = {"", ":", ":4040", "::1", "::1:4040", "fd00::1", "[::1",
                "[::1]4040", "[::1]:", "[]:1", "[1.2.3.4]:1", "[hub1]:1", "hub1:", "hub1:0", "hub1:65536",
                "hub1:99999", "hub1:100000", "hub1:+1", "hub1: 1", "hub1:1 ", "hub1:x", "hub1:1:2",
                " hub1:1", "hub 1:1", "hub;1:1", "hub..x:1", ".hub:1", "**:1", "1.2.3:4", "1.2.3.4.5:4",
                "256.1.1.1:4", "0", "65536", "unix/:/x", "h\xc3\xbc:1"};
        char longest[HOST_NAME_LEN_MAX + 3];

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                check_no_endpoint(texts[i]);

        memset(longest, 'h', sizeof(longest));
        strcpy(longest + HOST_NAME_LEN_MAX, ":1");
        longest[HOST_NAME_LEN_MAX + 2] = '\0';
        check_endpoint(longest, strndupa(longest, HOST_NAME_LEN_MAX), 1);

        memset(longest, 'h', sizeof(longest));
        longest[sizeof(longest) - 1] = '\0';
        check_no_endpoint(longest);

        memset(longest, '1', sizeof(longest));
        longest[0] = '[';
        longest[sizeof(longest) - 2] = ']';
        longest[sizeof(longest) - 1] = '\0';
        check_no_endpoint(longest);
}

static bool is_loopback(const char *text) {
        Endpoint endpoint;

        check_int(endpoint_parse(&endpoint, text), ==, 0);
        return endpoint_is_loopback(&endpoint);
}

static bool is_connectable(const char *text) {
        Endpoint endpoint;

        check_int(endpoint_parse(&endpoint, text), ==, 0);
        return endpoint_is_connectable(&endpoint);
}

TEST(who_can_reach_it) {
        check(is_loopback("127.0.0.1:1"));
        check(is_loopback("127.9.9.9"));
        check(is_loopback("[::1]:1"));
        check(is_loopback("[::ffff:127.0.0.1]:1"));
        check(is_loopback("localhost:1"));
        check(is_loopback("LocalHost"));
        check(!is_loopback("*:1"));
        check(!is_loopback("4040"));
        check(!is_loopback("128.0.0.1:1"));
        check(!is_loopback("[::]:1"));
        check(!is_loopback("[::ffff:10.0.0.1]:1"));
        check(!is_loopback("localhost.example:1"));
}

TEST(connectable) {
        check(is_connectable("hub1:1"));
        check(is_connectable("[::1]:1"));
        check(!is_connectable("hub1"));
        check(!is_connectable("hub1:*"));
        check(!is_connectable("*:1"));
        check(!is_connectable("4040"));
}

TEST(text) {
        char text[ADDRESS_TEXT_MAX];
        Address a = address("10.1.2.3", 4040), b = address("2001:db8::1", 65535);

        check_str(address_to_text(&a, text), "10.1.2.3:4040");
        check_str(address_to_text(&b, text), "[2001:db8::1]:65535");

        b = address("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535);
        check_str(address_to_text(&b, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

TEST(hosts) {
        Address a = {.len = 7};

        check_int(address_from_host(&a, "hub1", 1), ==, -EINVAL);
        check_int(address_from_host(&a, "", 1), ==, -EINVAL);
        check_int(address_from_host(&a, "1.2.3", 1), ==, -EINVAL);
        check_int(address_from_host(&a, "[::1]", 1), ==, -EINVAL);
        check_int(a.len, ==, 7);
}

TEST(from_the_kernel) {
        Address a = address("10.1.2.3", 4040), b;
        struct sockaddr_storage un = {.ss_family = AF_UNIX};

        check_int(address_from_sockaddr(&b, &a.any, a.len), ==, 0);
        check_int(address_port(&b), ==, 4040);
        check_int(b.len, ==, sizeof(struct sockaddr_in));
        check_int(address_from_sockaddr(&b, &a.any, a.len - 1), ==, -EAFNOSUPPORT);
        check_int(address_from_sockaddr(&b, (struct sockaddr *) &un, sizeof(un)), ==, -EAFNOSUPPORT);
}

TEST(wildcards) {
        char text[ADDRESS_TEXT_MAX];
        Address v4 = address_wildcard(AF_INET, 1), v6 = address_wildcard(AF_INET6, 2);

        check_str(address_to_text(&v4, text), "0.0.0.0:1");
        check_str(address_to_text(&v6, text), "[::]:2");
        address_set_port(&v6, 3);
        check_int(address_port(&v6), ==, 3);
}

TEST(what_others_can_use) {
        Address link4 = address("169.254.1.1", 1), link6 = address("fe80::1", 1),
                unique = address("fd00::1", 1);

        check(address_is_link_local(&link4));
        check(address_is_link_local(&link6));
        check(!address_is_link_local(&unique));
}

TEST(own_addresses) {
        static const int families[] = {AF_INET, AF_INET6};

        for (size_t i = 0; i < 2; i++) {
                Address *list;
                size_t n;

                check_int(address_list_local(families[i], &list, &n), ==, 0);
                for (size_t k = 0; k < n; k++) {
                        char text[ADDRESS_TEXT_MAX];

                        check_int(list[k].any.sa_family, ==, families[i]);
                        check(!address_is_loopback(&list[k]));
                        check(!address_is_link_local(&list[k]));
                        test_note("%s", address_to_text(&list[k], text));
                }
                free(list);
        }
}
