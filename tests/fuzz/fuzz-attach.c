/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a local process says: its line and what follows.
 *
 * octet 0: bits 0 and 1: 0 from the line on, 1 attached with JSON, 2 attached with CBOR, 3 the same beside
 * an established peer; the others decide how the rest is cut into pieces.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench-node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const lines[] = {
                "", "aemp-client;1;x;;json\n", "aemp-client;1;x;;cbor\n", "aemp-client;1;x;;cbor\n"};
        const char *line;
        BenchNode bench;

        if (size == 0)
                return 0;

        line = lines[data[0] & 3];
        bench_node_start(&bench);
        if ((data[0] & 3) == 3) {
                BenchEnd peer;

                bench_peer(&bench);
                peer = bench.end;
                bench.dialled = peer;
                bench.dialled.stream->edge = &bench.dialled;
                bench.end = (BenchEnd){.bench = &bench};
        }
        bench_attach(&bench);
        bench_feed(&bench.end, (const uint8_t *) line, strlen(line), 0);
        bench_feed(&bench.end, data + 1, size - 1, data[0] >> 2);
        bench_sleep(&bench, 10 * USEC_PER_SEC);
        bench_node_stop(&bench);
        return 0;
}
