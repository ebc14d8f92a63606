/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A node for fuzzers
 *
 * With nothing around it: what it writes is checked and thrown away, what it asks of its edge fails or stays
 * open, and the octets that arrive are those of the fuzzer. A bystander is attached, which must be none the
 * worse for anything.
 */

#include "daemon/core/node.h"
#include "wire/buf.h"

typedef struct BenchNode BenchNode;

typedef struct BenchEnd {
        BenchNode *bench;
        Stream *stream; /* NULL: closed */
        bool secured;   /* TLS is there; it changes nothing but the moment */
        Buf out;        /* what the node wrote to it */
} BenchEnd;

/* What the node can do on a link, and with what bench_peer() takes part. */
typedef struct BenchKind BenchKind;

struct BenchNode {
        Node *node;
        const BenchKind *kind;
        uint64_t now;
        uint64_t random;
        BenchEnd bystander, end, dialled;
};

#define BENCH_KINDS 8

/* A new node with a bystander that is attached; its kind is 0 to BENCH_KINDS - 1. */
void bench_node_start_as(BenchNode *bench, unsigned kind);
static inline void bench_node_start(BenchNode *bench) {
        bench_node_start_as(bench, 0);
}
/* Checks that the bystander is still there, and frees everything. */
void bench_node_stop(BenchNode *bench);

void bench_accept(BenchNode *bench);
void bench_attach(BenchNode *bench);
/* bench->end as an established peer, "host2", that sends and hears the kind's framing. */
void bench_peer(BenchNode *bench);

/* Gives it the octets, in pieces whose sizes `seed` decides. */
void bench_feed(BenchEnd *end, const uint8_t *p, size_t n, uint8_t seed);
/* Time passes. */
void bench_sleep(BenchNode *bench, uint64_t usec);
