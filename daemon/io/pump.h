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
        uint64_t shaken; /* microseconds that filters' handshakes took in this turn; its owner begins anew */
        uint8_t octets[PUMP_READ_MAX];
} PumpRoom;

/* It is over: stream_closed() was called, the socket is closed. Frees what the pump is embedded in. */
typedef void (*PumpGoneFn)(Pump *pump);

/* What turns the octets of a socket into those of a stream and back, from where the core says that TLS
 * begins. */
typedef struct PumpFilter PumpFilter;

typedef struct PumpFilterOps {
        /* n octets came from the socket: gives what comes out of them to the stream. The first call comes as
         * soon as the filter is there, with n = 0 if need be. NULL, or why it is over; then it is not called
         * again. */
        const char *(*input)(PumpFilter *filter, const uint8_t *data, size_t n);
        /* Turns some of the stream's output into some for the socket, with stream_sent(); none as long as
         * PUMP_AHEAD_MAX octets wait already. 0, or -errno: no more can be said. */
        int (*output)(PumpFilter *filter);
        /* Nothing more will be said. */
        void (*finish)(PumpFilter *filter);
        PumpFilter *(*free)(PumpFilter *filter);
} PumpFilterOps;

#define PUMP_AHEAD_MAX 65536

struct PumpFilter {
        const PumpFilterOps *ops;
        bool ready; /* its handshake is over */
        Queue out;  /* for the socket, after the stream's plain octets */
};

/* Makes the filter for a stream whose `tls` was set. 0 or -errno. */
typedef int (*PumpFilterFn)(Pump *pump, PumpFilter **ret);

struct Pump {
        PumpRoom *room;
        Stream *stream; /* NULL once it is closed */
        PumpGoneFn gone;
        PumpFilterFn filter_new; /* the owner's, may be set after pump_init(); NULL: there is no TLS here */
        PumpFilter *filter;      /* NULL as long as octets go as they are */
        size_t n_lines;          /* octets that came before it, as long as it may still come */
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
