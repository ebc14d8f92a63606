/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Addresses
 */

#include "daemon/net/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int address_from_host(Address *ret, const char *host, uint16_t port) {
        Address address = {};

        if (inet_pton(AF_INET, host, &address.in.sin_addr) == 1) {
                address.in.sin_family = AF_INET;
                address.len = sizeof(address.in);
        } else if (inet_pton(AF_INET6, host, &address.in6.sin6_addr) == 1) {
                address.in6.sin6_family = AF_INET6;
                address.len = sizeof(address.in6);
        } else
                return -EINVAL;

        address_set_port(&address, port);
        *ret = address;
        return 0;
}

int address_from_sockaddr(Address *ret, const struct sockaddr *from, socklen_t len) {
        Address address = {};

        if (from->sa_family == AF_INET && len >= sizeof(address.in)) {
                address.len = sizeof(address.in);
                memcpy(&address.in, from, sizeof(address.in));
        } else if (from->sa_family == AF_INET6 && len >= sizeof(address.in6)) {
                address.len = sizeof(address.in6);
                memcpy(&address.in6, from, sizeof(address.in6));
        } else
                return -EAFNOSUPPORT;

        *ret = address;
        return 0;
}

Address address_wildcard(int family, uint16_t port) {
        Address address = {};

        assert(family == AF_INET || family == AF_INET6);

        if (family == AF_INET)
                address = (Address){.in = {.sin_family = AF_INET}, .len = sizeof(address.in)};
        else
                address = (Address){.in6 = {.sin6_family = AF_INET6}, .len = sizeof(address.in6)};

        address_set_port(&address, port);
        return address;
}

uint16_t address_port(const Address *address) {
        return ntohs(address->any.sa_family == AF_INET ? address->in.sin_port : address->in6.sin6_port);
}

void address_set_port(Address *address, uint16_t port) {
        if (address->any.sa_family == AF_INET)
                address->in.sin_port = htons(port);
        else
                address->in6.sin6_port = htons(port);
}

bool address_is_loopback(const Address *address) {
        const struct in6_addr *in6 = &address->in6.sin6_addr;

        if (address->any.sa_family == AF_INET)
                return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;

        return IN6_IS_ADDR_LOOPBACK(in6) ||
                (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET);
}

bool address_is_link_local(const Address *address) {
        if (address->any.sa_family == AF_INET)
                return ntohl(address->in.sin_addr.s_addr) >> 16 == 0xa9fe; /* 169.254.0.0/16 */

        return IN6_IS_ADDR_LINKLOCAL(&address->in6.sin6_addr);
}

const char *address_to_text(const Address *address, char text[static ADDRESS_TEXT_MAX]) {
        char host[INET6_ADDRSTRLEN] = "";

        if (address->any.sa_family == AF_INET) {
                (void) inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof(host));
                (void) snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host, address_port(address));
        } else {
                (void) inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof(host));
                (void) snprintf(text, ADDRESS_TEXT_MAX, "[%s]:%u", host, address_port(address));
        }

        return text;
}

static bool interface_address(const struct ifaddrs *i, int family, Address *ret) {
        socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

        if (!i->ifa_addr || i->ifa_addr->sa_family != family || !(i->ifa_flags & IFF_UP))
                return false;
        if (address_from_sockaddr(ret, i->ifa_addr, len) < 0)
                return false;

        return !address_is_loopback(ret) && !address_is_link_local(ret);
}

int address_list_local(int family, Address **ret, size_t *ret_n) {
        struct ifaddrs *all;
        Address *list, found;
        size_t n = 0;

        if (getifaddrs(&all) < 0)
                return -errno;

        for (const struct ifaddrs *i = all; i; i = i->ifa_next)
                n += interface_address(i, family, &found);

        list = calloc(n ? n : 1, sizeof(*list));
        if (!list) {
                freeifaddrs(all);
                return -ENOMEM;
        }

        n = 0;
        for (const struct ifaddrs *i = all; i; i = i->ifa_next)
                if (interface_address(i, family, &found))
                        list[n++] = found;

        freeifaddrs(all);
        *ret = list;
        *ret_n = n;
        return 0;
}
