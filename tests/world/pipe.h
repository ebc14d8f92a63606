/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One direction of a simulated connection
 *
 * Octets go in as far as there is room, travel in segments, arrive in order, and wait until they are read. A
 * cut swallows them without a word; they are sent again when it heals, as TCP does, or the sender gives up.
 */

#include "tests/world/sim.h"
#include "wire/queue.h"

typedef struct Pipe Pipe;
typedef struct Segment Segment;

typedef struct PipeOps {
        bool (*open)(Pipe *pipe);      /* does a segment get through now? */
        bool (*back_open)(Pipe *pipe); /* and its acknowledgement? */
        void (*readable)(Pipe *pipe);  /* octets arrived, or the end of it */
        void (*writable)(Pipe *pipe);  /* there is room again */
        void (*nobody)(Pipe *pipe);    /* octets arrived where the socket is gone */
        void (*expired)(Pipe *pipe);   /* nothing was acknowledged for `timeout` */
} PipeOps;

typedef enum PipeTail {
        PIPE_OPEN,
        PIPE_EOF,
        PIPE_RESET,
} PipeTail;

struct Pipe {
        Sim *sim;
        const PipeOps *ops;

        /* fixed by whoever makes it */
        size_t capacity; /* octets in here at most, all buffers together */
        size_t window;   /* octets that may have arrived and not been read */
        uint64_t latency;
        uint64_t jitter;
        uint64_t octet_ns; /* time per octet, nanoseconds */
        uint64_t timeout;  /* as TCP_USER_TIMEOUT; 0: none */
        size_t tiny;       /* so many octets go in segments of 1 to 4 */
        size_t segment;    /* largest segment */

        Queue data; /* arrived, then on the way */
        size_t arrived;
        Segment *segments; /* on the way, from `first` on */
        size_t first, n, cap;
        uint64_t last_at; /* when the last one arrives */

        bool stalled;   /* a cut swallowed the next one */
        bool full;      /* the next one doesn't fit into the window */
        size_t unacked; /* arrived, but the sender was not told */
        uint64_t since; /* when something was acknowledged last */
        bool gone;      /* the receiver's socket is */
        PipeTail tail;  /* what comes behind the data */
        bool tail_arrived;
        Alarm arrive, expire;
};

void pipe_init(Pipe *pipe, Sim *sim, const PipeOps *ops);
void pipe_deinit(Pipe *pipe);

size_t pipe_room(const Pipe *pipe);
/* Copies from the front of the queue what fits, at most `max` octets: those to consume there. 0: no room. */
size_t pipe_put(Pipe *pipe, const Queue *from, size_t max);
/* Arrived octets: how many lie at *ret. */
size_t pipe_peek(const Pipe *pipe, const uint8_t **ret);
void pipe_consume(Pipe *pipe, size_t n);

/* Nothing more goes in. A reset overtakes what the window holds back. */
void pipe_end(Pipe *pipe, PipeTail tail);
/* What is on the way gets lost. */
void pipe_lose(Pipe *pipe);
/* The receiver's socket goes: what arrived is thrown away. */
void pipe_no_receiver(Pipe *pipe);
/* The path may have healed: try again after `delay`. */
void pipe_resume(Pipe *pipe, uint64_t delay);

/* All that was sent arrived and was read, the end too. */
static inline bool pipe_is_over(const Pipe *pipe) {
        return pipe->arrived == 0 && pipe->tail_arrived;
}
