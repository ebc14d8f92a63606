/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What strangers say before they are known, and what a peer says that is: greeting, nonce, the beginning of
 * TLS and auth line of an incoming connection, then, in the other half of the runs, the messages of an
 * established one.
 *
 * octet 0: bit 0 established; bits 1 to 3 the kind of node (bench-node.c); the others decide how the rest is
 * cut into pieces, 0: not at all.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench-node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        BenchNode bench;

        if (size == 0)
                return 0;

        bench_node_start_as(&bench, data[0] >> 1 & (BENCH_KINDS - 1));
        if (data[0] & 1)
                bench_peer(&bench);
        else
                bench_accept(&bench);

        bench_feed(&bench.end, data + 1, size - 1, data[0] >> 4);
        bench_sleep(&bench, 10 * USEC_PER_SEC);
        bench_node_stop(&bench);
        return 0;
}
