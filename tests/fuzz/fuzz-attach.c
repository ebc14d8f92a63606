/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a local process says: its line and what follows.
 *
 * octet 0: bits 0 and 1: 0 from the line on, 1 attached with JSON, 2 attached with CBOR, 3 the same beside
 * an established peer, which then asks for what the process may have by then, and all is said once more; the
 * others decide how the rest is cut into pieces.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench-node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of ports "p1" and "s", of the function "My::f", of what is known as "log". */
static const uint8_t peer_asks[] = "\x84\x60\x74\x41nyEvent::MP::_spawn\x62p1\x65My::f"
                                   "\x83\x60\x64mon1\x62p1"
                                   "\x82\x62p1\x01"
                                   "\x83\x60\x65My::f\x02"
                                   "\x84\x60\x63wkp\x63log\x67host2#x"
                                   "\x83\x60\x64mon1\x61s"
                                   "\x81\x61s"
                                   "\x84\x60\x63snd\x67host1#s\x03"
                                   "\x84\x60\x63snd\x67host3#x\x04"
                                   "\x83\x60\x64kil1\x62p1";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const lines[] = {
                "", "aemp-client;1;x;;json\n", "aemp-client;1;x;;cbor\n", "aemp-client;1;x;;cbor;src=1\n"};
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
        if ((data[0] & 3) == 3) {
                bench_feed(&bench.dialled, peer_asks, sizeof(peer_asks) - 1, 0);
                bench_feed(&bench.end, data + 1, size - 1, data[0] >> 2);
        }
        bench_sleep(&bench, 10 * USEC_PER_SEC);
        bench_node_stop(&bench);
        return 0;
}
