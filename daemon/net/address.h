/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Addresses
 *
 * An IPv4 or IPv6 socket address. As text: "ip:port" or "[v6]:port".
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The longest text and its terminator. */
#define ADDRESS_TEXT_MAX (sizeof("[]:65535") + INET6_ADDRSTRLEN)

typedef struct Address {
        union {
                struct sockaddr any;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
        };
        socklen_t len;
} Address;

/* From a numeric host, without brackets. -EINVAL: it isn't one. */
int address_from_host(Address *ret, const char *host, uint16_t port);
/* -EAFNOSUPPORT: neither IPv4 nor IPv6. */
int address_from_sockaddr(Address *ret, const struct sockaddr *from, socklen_t len);
/* 0.0.0.0 or :: */
Address address_wildcard(int family, uint16_t port);

uint16_t address_port(const Address *address);
void address_set_port(Address *address, uint16_t port);
bool address_is_loopback(const Address *address);
/* IPv6 with a scope: meaningless to others. */
bool address_is_link_local(const Address *address);

const char *address_to_text(const Address *address, char text[static ADDRESS_TEXT_MAX]);

/* All addresses of that family by which other hosts reach this one: not loopback, not link-local. Port 0. */
int address_list_local(int family, Address **ret, size_t *ret_n);
