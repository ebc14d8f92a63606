/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Endpoints
 *
 * Where to listen or to connect, as people write it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/net/address.h"

/* The longest host name DNS knows. */
#define HOST_NAME_LEN_MAX 253

typedef struct Endpoint {
        /* A name, a numeric address without brackets, "*"; "": this host. */
        char host[HOST_NAME_LEN_MAX + 1];
        uint16_t port; /* 0: any free one */
} Endpoint;

/* "host:port", "ip:port", "[v6]:port"; "*" for all addresses of this host; "port" alone is a port of this
 * host's name; a port "*", or none: any free one. -EINVAL. */
int endpoint_parse(Endpoint *ret, const char *text);

/* Surely reachable from this host only. A name other than localhost may mean anything. */
bool endpoint_is_loopback(const Endpoint *endpoint);
/* Has a host and a port. */
bool endpoint_is_connectable(const Endpoint *endpoint);
