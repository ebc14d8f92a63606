/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Links
 *
 * A TCP connection with another node, made by either side.
 */

#include <stdbool.h>

#include "daemon/core/node.h"
#include "daemon/io/pump.h"
#include "daemon/net/address.h"
#include "daemon/net/certificate.h"

typedef struct Link Link;

/* What applies to all links. */
typedef struct Links {
        PumpRoom *room;
        List all;
        uint64_t monitor_timeout; /* microseconds */
        uint64_t heartbeat_interval;
        bool nodelay;
        const Certificate *certificate; /* NULL: no TLS */
} Links;

void links_init(Links *links, PumpRoom *room);
/* Closes all, without a word to the core. */
void links_deinit(Links *links);

/* On a listening socket: what it accepts inherits them. -errno for the first that failed. */
int links_set_options(const Links *links, int fd);

/* A connection that came in. */
int link_open(Links *links, Stream *stream, int *take_fd);
/* Answered with stream_connected() or stream_closed(), never in here. */
int link_connect(Links *links, Stream *stream, const Address *address);
