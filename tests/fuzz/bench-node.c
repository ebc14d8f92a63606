/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench-node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/auth.h"
#include "wire/frame.h"

#define SECRET "geheim"

static void edge_random(void *userdata, void *to, size_t n) {
        BenchNode *bench = userdata;

        for (size_t i = 0; i < n; i++) {
                bench->random = bench->random * 6364136223846793005ULL + 1442695040888963407ULL;
                ((uint8_t *) to)[i] = (uint8_t) (bench->random >> 33);
        }
}

static void edge_connect(void *userdata, Stream *stream, const char *address) {
        BenchNode *bench = userdata;

        /* the first one may go through, whoever else is asked for never answers */
        if (!bench->dialled.stream) {
                bench->dialled.stream = stream;
                stream->edge = &bench->dialled;
        }
}

static void edge_resolve(void *userdata, uint64_t id, const char *address) {
}

static void edge_event(void *userdata, const Event *event) {
        assert(!event->text || strlen(event->text) < 1000);
}

static const NodeEdge edge = {
        .random = edge_random,
        .connect = edge_connect,
        .resolve = edge_resolve,
        .event = edge_event,
};

static void bench_turn(BenchNode *bench) {
        Stream *stream;

        node_set_time(bench->node, bench->now, bench->now);
        if (node_deadline(bench->node) <= bench->now)
                node_tick(bench->node);

        while ((stream = node_next_dirty(bench->node))) {
                BenchEnd *end = stream->edge;
                struct iovec iov;

                while (queue_iov(&stream->out, &iov, 1) > 0) {
                        if (end)
                                buf_put(&end->out, iov.iov_base, iov.iov_len);
                        stream_sent(stream, iov.iov_len);
                }
                if (stream->closing) {
                        if (end)
                                end->stream = NULL;
                        stream_closed(stream, "closed");
                }
        }
}

void bench_sleep(BenchNode *bench, uint64_t usec) {
        bench->now += usec;
        bench_turn(bench);
        bench_turn(bench);
}

void bench_feed(BenchEnd *end, const uint8_t *p, size_t n, uint8_t seed) {
        while (n > 0 && end->stream) {
                size_t piece = seed == 0 ? n : 1 + (size_t) seed * 7 % 61;

                piece = piece > n ? n : piece;
                seed = (uint8_t) (seed * 13 + 7);
                stream_input(end->stream, p, piece);
                bench_turn(end->bench);
                p += piece;
                n -= piece;
        }
}

static void bench_say(BenchEnd *end, const char *text) {
        bench_feed(end, (const uint8_t *) text, strlen(text), 0);
}

void bench_node_start(BenchNode *bench) {
        static const char *const seeds[] = {"seed.example:4040", NULL};
        const NodeConfig config = {
                .id = "host1",
                .seeds = seeds,
                .secrets = &(NodeSecret){SECRET, strlen(SECRET)},
                .n_secrets = 1,
                .monitor_timeout = 30 * USEC_PER_SEC,
                .connect_interval = 2 * USEC_PER_SEC,
                .handshake_timeout = 5 * USEC_PER_SEC,
                .heartbeat_interval = 5 * USEC_PER_SEC,
                .max_message = 65536,
                .client_high = 4096,
                .client_hard = 65536,
                .peer_high = 8192,
                .peer_hard = 131072,
                .max_half_open = 10,
                .max_clients = 50,
                .max_monitors = 20,
                .max_contacts = 10,
        };
        const ClientCreds creds = {};

        *bench = (BenchNode){.now = USEC_PER_SEC};
        bench->bystander.bench = bench->end.bench = bench->dialled.bench = bench;
        assert(node_new(&bench->node, &config, &edge, bench) == 0);
        node_set_time(bench->node, bench->now, bench->now);
        node_start(bench->node);

        assert(node_attach(bench->node, &creds, &bench->bystander.stream) == 0);
        bench->bystander.stream->edge = &bench->bystander;
        bench_say(&bench->bystander,
                "aemp-client;1;bystander;;json\n[\"\",\"nodes1\"][\"\",\"mon1\",\"host2#x\"]");
}

/* What the node wrote to it can be read: as lines until the first that is none, then as messages. */
static void bench_check_output(BenchEnd *end, Framing framing, unsigned lines) {
        const uint8_t *p = end->out.data;
        size_t n = end->out.len;
        FrameReader reader;
        Frame frame;
        int r;

        for (; lines > 0 && n > 0; lines--) {
                const uint8_t *lf = memchr(p, '\n', n);

                assert(lf);
                n -= (size_t) (lf + 1 - p);
                p = lf + 1;
        }

        frame_reader_init(&reader, framing, 1 << 20);
        while ((r = frame_reader_next(&reader, &p, &n, &frame)) > 0)
                ;
        assert(r == 0 && !frame_reader_is_partial(&reader));
        frame_reader_deinit(&reader);
}

void bench_node_stop(BenchNode *bench) {
        BenchEnd *ends[] = {&bench->end, &bench->dialled, &bench->bystander};

        assert(bench->bystander.stream);
        bench_check_output(&bench->bystander, FRAMING_JSON, 1);
        for (size_t i = 0; i < 3; i++) {
                if (ends[i]->stream)
                        stream_closed(ends[i]->stream, "the end");
                buf_deinit(&ends[i]->out);
        }
        node_free(bench->node);
}

void bench_accept(BenchNode *bench) {
        assert(node_accept(bench->node, "192.0.2.1:1", &bench->end.stream) == 0);
        bench->end.stream->edge = &bench->end;
        bench_turn(bench);
}

void bench_attach(BenchNode *bench) {
        const ClientCreds creds = {.uid = 1000, .gid = 1000, .pid = 1};

        assert(node_attach(bench->node, &creds, &bench->end.stream) == 0);
        bench->end.stream->edge = &bench->end;
}

void bench_peer(BenchNode *bench) {
        static const Str greeting = STR_LIT("aemp;1;host2;hmac_sha3_512;cbor;mproto=1"),
                         nonce = STR_LIT("n");
        char token[AUTH_TOKEN_LEN + 1], lines[512];
        const char *first, *second;
        Auth *auth;
        BenchEnd *end = &bench->end;

        bench_accept(bench);
        first = (const char *) end->out.data;
        second = (const char *) memchr(first, '\n', end->out.len) + 1;
        assert(auth_new(&auth, SECRET, strlen(SECRET)) == 0);
        assert(auth_token(auth, greeting, nonce, (Str){first, (size_t) (second - first - 1)},
                       (Str){second, end->out.len - 1 - (size_t) (second - first)}, token) == 0);
        auth_free(auth);

        snprintf(lines, sizeof(lines), "%s\n%s\nhmac_sha3_512;%s;cbor\n", greeting.p, nonce.p, token);
        bench_say(end, lines);
        assert(end->stream && node_peers_up(bench->node) == 1);
}
