/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Octets between a socket and the core
 *
 * A pump joins one stream socket to one Stream, by the rules of daemon/core/stream.h: links and local
 * clients alike. Embedded in what owns it. stream->edge is its pump.
 */

#include <systemd/sd-event.h>

#include "daemon/core/stream.h"

/* Read at most that much of a socket in a turn. */
#define PUMP_READ_MAX 65536

typedef struct Pump Pump;

/* What all pumps of a daemon share. */
typedef struct PumpRoom {
        sd_event *event;
        uint8_t octets[PUMP_READ_MAX];
} PumpRoom;

/* It is over: stream_closed() was called, the socket is closed. Frees what the pump is embedded in. */
typedef void (*PumpGoneFn)(Pump *pump);

struct Pump {
        PumpRoom *room;
        Stream *stream; /* NULL once it is closed */
        PumpGoneFn gone;
        sd_event_source *source;
        uint32_t events; /* as the source has them */
        int fd;          /* -1 until pump_start() */
        int error;       /* errno of a write that failed: only reading is left */
        bool full;       /* the socket took less than there was */
        bool draining;   /* the stream is closing: `left` octets that had arrived are still to be read */
        size_t left;
};

void pump_init(Pump *pump, PumpRoom *room, Stream *stream, PumpGoneFn gone);
/* Without a word to the core: for the end of the daemon. */
void pump_deinit(Pump *pump);

/* The socket (non-blocking) is there. Takes the fd on success. */
int pump_start(Pump *pump, int *take_fd);

/* The stream is dirty. May end with gone(). */
void pump_update(Pump *pump);

/* Closes the socket, says so to the core, then gone(). */
void pump_end(Pump *pump, const char *why);
