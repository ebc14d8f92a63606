/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Endpoints
 *
 * An IPv6 address without brackets is refused, also where it would be clear: "::1:4040" is a valid one, and
 * never what was meant.
 */

#include "daemon/net/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"

/* 1 to 65535 in decimal digits; "*" is 0. */
static int port_parse(uint16_t *ret, const char *text) {
        size_t n = strlen(text);
        unsigned long port;

        if (strcmp(text, "*") == 0) {
                *ret = 0;
                return 0;
        }

        if (n == 0 || n > 5 || strspn(text, DIGITS) != n)
                return -EINVAL;

        port = strtoul(text, NULL, 10);
        if (port == 0 || port > UINT16_MAX)
                return -EINVAL;

        *ret = (uint16_t) port;
        return 0;
}

/* Letters, digits, hyphens and underscores between single dots. */
static bool host_is_name(const char *host) {
        size_t label = 0;

        for (const char *p = host; *p; p++) {
                bool dot = *p == '.';

                if (dot ? label == 0
                        : !strchr("-_" DIGITS, *p) && !(((*p | 0x20) >= 'a') && ((*p | 0x20) <= 'z')))
                        return false;
                label = dot ? 0 : label + 1;
        }

        return host[0] != '\0';
}

static bool host_is_valid(const char *host) {
        Address address;

        if (strcmp(host, "*") == 0 || address_from_host(&address, host, 0) >= 0)
                return true;

        /* Mistyped IPv4: no top-level domain is a number. */
        if (strspn(host, DIGITS ".") == strlen(host))
                return false;

        return host_is_name(host);
}

static int split_bracketed(Endpoint *endpoint, const char *text, const char **ret_port) {
        const char *end = strchr(text, ']');
        Address address;

        if (!end || (size_t) (end - text) > sizeof(endpoint->host) || (end[1] != '\0' && end[1] != ':'))
                return -EINVAL;

        memcpy(endpoint->host, text + 1, (size_t) (end - text - 1));
        if (address_from_host(&address, endpoint->host, 0) < 0 || address.any.sa_family != AF_INET6)
                return -EINVAL;

        *ret_port = end[1] == ':' ? end + 2 : "*";
        return 0;
}

static int split_plain(Endpoint *endpoint, const char *text, const char **ret_port) {
        const char *colon = strchr(text, ':');
        size_t n = colon ? (size_t) (colon - text) : strlen(text);

        if (n == 0 || n >= sizeof(endpoint->host))
                return -EINVAL;

        if (!colon && strspn(text, DIGITS) == n) {
                *ret_port = text;
                return 0;
        }

        memcpy(endpoint->host, text, n);
        if (!host_is_valid(endpoint->host))
                return -EINVAL;

        *ret_port = colon ? colon + 1 : "*";
        return 0;
}

int endpoint_parse(Endpoint *ret, const char *text) {
        Endpoint endpoint = {};
        const char *port;
        int r;

        r = text[0] == '[' ? split_bracketed(&endpoint, text, &port) : split_plain(&endpoint, text, &port);
        if (r < 0)
                return r;

        r = port_parse(&endpoint.port, port);
        if (r < 0)
                return r;

        *ret = endpoint;
        return 0;
}

bool endpoint_is_loopback(const Endpoint *endpoint) {
        Address address;

        if (strcasecmp(endpoint->host, "localhost") == 0)
                return true;

        return address_from_host(&address, endpoint->host, 0) >= 0 && address_is_loopback(&address);
}

bool endpoint_is_connectable(const Endpoint *endpoint) {
        return endpoint->host[0] != '\0' && strcmp(endpoint->host, "*") != 0 && endpoint->port != 0;
}
