/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench-node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/auth.h"
#include "wire/frame.h"

#define SECRET "geheim"

struct BenchKind {
        bool tls;
        bool tls_fails;             /* every time */
        unsigned secrets;           /* the last one is bench_peer()'s */
        const char *const *methods; /* accepted and sent */
        const char *const *framings;
        AuthMethod method; /* bench_peer()'s */
        Framing framing;
        const char *keys;
};

static const char *const every[] = {"tls_sha3_512", "hmac_sha3_512", "tls_anon", "cleartext", NULL};
static const char *const clear[] = {"cleartext", "hmac_sha3_512", NULL};
static const char *const anon[] = {"tls_anon", NULL};
static const char *const json[] = {"json", NULL};
static const char *const json_cbor[] = {"json", "cbor", NULL};
static const char *const cbor[] = {"cbor", NULL};

static const BenchKind kinds[BENCH_KINDS] = {
        {.secrets = 1, .method = AUTH_HMAC_SHA3_512, .keys = ";mproto=1"},
        {.secrets = 1, .tls = true, .method = AUTH_TLS_SHA3_512, .keys = ";tls=1.0"},
        {.secrets = 1, .framings = json, .method = AUTH_HMAC_SHA3_512, .framing = FRAMING_JSON, .keys = ""},
        {.secrets = 1,
                .tls = true,
                .methods = every,
                .framings = json_cbor,
                .method = AUTH_CLEARTEXT,
                .framing = FRAMING_JSON,
                .keys = ";tls=1.3"},
        {.secrets = 0, .tls = true, .method = AUTH_TLS_SHA3_512, .keys = ";tls=1.0"},
        {.secrets = 2, .methods = clear, .method = AUTH_CLEARTEXT, .keys = ""},
        {.secrets = 1, .tls = true, .tls_fails = true, .method = AUTH_HMAC_SHA3_512, .keys = ""},
        {.secrets = 1,
                .tls = true,
                .methods = anon,
                .framings = cbor,
                .method = AUTH_TLS_ANON,
                .keys = ";tls=1.0"},
};

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

static bool end_is_in_tls(const BenchEnd *end) {
        return end && end->stream && end->stream->tls != STREAM_TLS_NONE && !end->secured;
}

static void bench_take(BenchEnd *end, Stream *stream) {
        struct iovec iov;

        while (queue_iov(&stream->out, &iov, 1) > 0) {
                size_t n = iov.iov_len;

                /* what goes into records waits until there are any */
                if (end_is_in_tls(end))
                        n = n < stream->plain ? n : stream->plain;
                if (n == 0)
                        return;
                if (end)
                        buf_put(&end->out, iov.iov_base, n);
                stream_sent(stream, n);
        }
}

static void bench_turn(BenchNode *bench) {
        Stream *stream;

        node_set_time(bench->node, bench->now, bench->now);
        if (node_deadline(bench->node) <= bench->now)
                node_tick(bench->node);

        while ((stream = node_next_dirty(bench->node))) {
                BenchEnd *end = stream->edge;

                bench_take(end, stream);
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

/* TLS begins, and all of it happens at once. */
static void bench_tls(BenchEnd *end) {
        static const StreamSecurity security = {
                .version = "TLSv1.3", .cipher = "none", .subject = "CN=fuzz"};
        Stream *stream = end->stream;

        assert(end->bench->kind->tls);
        if (end->bench->kind->tls_fails) {
                end->stream = NULL;
                stream_closed(stream, "its certificate is not trusted");
        } else {
                end->secured = true;
                stream_secured(stream, &security);
                bench_take(end, stream);
        }
        bench_turn(end->bench);
}

void bench_feed(BenchEnd *end, const uint8_t *p, size_t n, uint8_t seed) {
        while (n > 0 && end->stream) {
                size_t piece = seed == 0 ? n : 1 + (size_t) seed * 7 % 61, taken;

                piece = piece > n ? n : piece;
                seed = (uint8_t) (seed * 13 + 7);
                taken = stream_input(end->stream, p, piece);
                bench_turn(end->bench);
                assert(taken == piece || (taken < piece && (!end->stream || end_is_in_tls(end))));
                if (end_is_in_tls(end))
                        bench_tls(end);
                p += taken;
                n -= taken;
        }
}

static void bench_say(BenchEnd *end, const char *text) {
        bench_feed(end, (const uint8_t *) text, strlen(text), 0);
}

void bench_node_start_as(BenchNode *bench, unsigned number) {
        static const char *const seeds[] = {"seed.example:4040", NULL};
        static const NodeSecret secrets[] = {{SECRET, 6}, {SECRET "2", 7}};
        const BenchKind *kind = &kinds[number];
        const NodeConfig config = {
                .id = "host1",
                .seeds = seeds,
                .secrets = secrets,
                .n_secrets = kind->secrets,
                .tls = kind->tls,
                .auth_accept = kind->methods,
                .auth_offer = kind->methods,
                .framings = kind->framings,
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
                .max_names = 4,
                .max_spawned = 4,
        };
        const ClientCreds creds = {};

        *bench = (BenchNode){.now = USEC_PER_SEC, .kind = kind};
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

/* The auth line of the one that says this greeting and the nonce "n". */
static void put_auth_line(const BenchNode *bench, Str greeting, Buf *to) {
        const BenchKind *kind = bench->kind;
        const NodeSecret secret = kind->secrets == 2 ? (NodeSecret){SECRET "2", 7} : (NodeSecret){SECRET, 6};
        const char *first = (const char *) bench->end.out.data,
                   *second = (const char *) memchr(first, '\n', bench->end.out.len) + 1,
                   *end = memchr(second, '\n', bench->end.out.len - (size_t) (second - first));
        const AuthLines lines = {greeting, STR_LIT("n"), {first, (size_t) (second - first - 1)},
                {second, (size_t) (end - second)}};
        Auth *auth;
        int r;

        buf_printf(to, "%s;", auth_method_to_string(kind->method));
        r = auth_new(&auth, &secret, 1);
        assert(r == 0);
        r = auth_put_token(auth, kind->method, &lines, to);
        assert(r == 0);
        auth_free(auth);
        buf_printf(to, ";%s\n", framing_to_string(kind->framing));
}

void bench_peer(BenchNode *bench) {
        const BenchKind *kind = bench->kind;
        _cleanup_buf_ Buf greeting = BUF_INIT, text = BUF_INIT;

        bench_accept(bench);
        buf_printf(&greeting, "aemp;1;host2;%s;%s%s", auth_method_to_string(kind->method),
                framing_to_string(kind->framing), kind->keys);
        buf_printf(&text, "%.*s\nn\n", (int) greeting.len, (const char *) greeting.data);
        put_auth_line(bench, buf_str(&greeting), &text);
        bench_feed(&bench->end, text.data, text.len, 0);
        assert(bench->end.stream && node_peers_up(bench->node) == 1);
}
