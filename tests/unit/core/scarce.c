/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scarce.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test.h"
#include "wire/frame.h"
#include "wire/json.h"

#define SCARCE_REALTIME 1700000000000000ULL

/* --- the edge ---------------------------------------------------------------------------------------- */

static void scarce_random(void *userdata, void *to, size_t n) {
        Scarce *scarce = userdata;

        for (size_t i = 0; i < n; i++) {
                scarce->random = scarce->random * 6364136223846793005ULL + 1442695040888963407ULL;
                ((uint8_t *) to)[i] = (uint8_t) (scarce->random >> 33);
        }
}

ScarceEnd *scarce_end_new(Scarce *scarce) {
        ScarceEnd *end = calloc(1, sizeof(*end));

        check(end && scarce->n_ends < 32);
        end->scarce = scarce;
        snprintf(end->prefix, sizeof(end->prefix), "none.");
        snprintf(end->address, sizeof(end->address), "192.0.2.%zu:4040", scarce->n_ends + 1);
        scarce->ends[scarce->n_ends++] = end;
        return end;
}

static void scarce_connect(void *userdata, Stream *stream, const char *address) {
        bool before = oom_pause();
        Scarce *scarce = userdata;
        ScarceEnd *end = scarce_end_new(scarce);

        check_int(scarce->n_connects, <, 16);
        end->stream = stream;
        stream->edge = end;
        snprintf(end->address, sizeof(end->address), "%s", address);
        scarce->connects[scarce->n_connects++] = end;
        oom_leave(before);
}

static void scarce_asked(void *userdata, uint64_t id, const char *address) {
        Scarce *scarce = userdata;

        check_int(scarce->n_lookups, <, 16);
        scarce->lookups[scarce->n_lookups].id = id;
        snprintf(scarce->lookups[scarce->n_lookups++].address, 128, "%s", address);
}

static void scarce_event(void *userdata, const Event *event) {
        check(event->type < _EVENT_TYPE_MAX);
}

static const NodeEdge scarce_edge = {
        .random = scarce_random,
        .connect = scarce_connect,
        .resolve = scarce_asked,
        .event = scarce_event,
};

/* --- turns ------------------------------------------------------------------------------------------- */

void scarce_end_forget_connect(ScarceEnd *end) {
        Scarce *scarce = end->scarce;

        for (size_t i = 0; i < scarce->n_connects; i++)
                if (scarce->connects[i] == end) {
                        memmove(scarce->connects + i, scarce->connects + i + 1,
                                (--scarce->n_connects - i) * sizeof(*scarce->connects));
                        return;
                }
}

void scarce_end_over(ScarceEnd *end, const char *why) {
        Stream *stream = end->stream;

        scarce_end_forget_connect(end);
        end->stream = NULL;
        oom_within(stream_closed(stream, why));
}

void scarce_end_take(ScarceEnd *end) {
        Stream *stream = end->stream;
        struct iovec iov;

        while (queue_iov(&stream->out, &iov, 1) > 0) {
                size_t n = iov.iov_len;

                if (stream->tls != STREAM_TLS_NONE && !end->secured)
                        n = n < stream->plain ? n : stream->plain;
                if (n == 0)
                        return;
                buf_put(&end->in, iov.iov_base, n);
                oom_within(stream_sent(stream, n));
        }
}

/* What came in, as messages. */
void scarce_end_listen(ScarceEnd *end) {
        FrameReader reader;
        const uint8_t *p = end->in.data;
        size_t n = end->in.len;
        Frame frame;

        if (!end->talks || n == 0)
                return;

        frame_reader_init(&reader, end->hears_json ? FRAMING_JSON : FRAMING_CBOR, 1 << 20);
        while (frame_reader_next(&reader, &p, &n, &frame) > 0) {
                check_int(json_from_cbor(frame.p, frame.len, &end->heard), ==, 0);
                buf_putc(&end->heard, '\n');
        }
        check(!frame_reader_is_partial(&reader));
        frame_reader_deinit(&reader);
        buf_reset(&end->in);
}

void scarce_turn(Scarce *scarce) {
        Stream *stream;

        node_set_time(scarce->node, scarce->now, SCARCE_REALTIME + scarce->now);
        for (bool more = true; more;) {
                more = node_deadline(scarce->node) <= scarce->now;
                if (more)
                        oom_within(node_tick(scarce->node));

                while ((stream = node_next_dirty(scarce->node))) {
                        ScarceEnd *end = stream->edge;

                        more = true;
                        scarce_end_take(end);
                        scarce_end_listen(end);
                        if (stream->closing)
                                scarce_end_over(end, "closed");
                }
        }
}

void scarce_sleep(Scarce *scarce, uint64_t usec) {
        uint64_t end = scarce->now + usec, next;

        while ((next = node_deadline(scarce->node)) <= end) {
                scarce->now = next;
                scarce_turn(scarce);
        }
        scarce->now = end;
        scarce_turn(scarce);
}

void scarce_settle(Scarce *scarce) {
        (void) oom_disarm();
        scarce_sleep(scarce, 0);
}

/* --- the bench --------------------------------------------------------------------------------------- */

static const NodeConfig scarce_config = {
        .id = "host1",
        .secrets = &(NodeSecret){SCARCE_SECRET, sizeof(SCARCE_SECRET) - 1},
        .n_secrets = 1,
        .monitor_timeout = 30 * USEC_PER_SEC,
        .connect_interval = 2 * USEC_PER_SEC,
        .handshake_timeout = 5 * USEC_PER_SEC,
        .heartbeat_interval = 5 * USEC_PER_SEC,
        .max_message = 1 << 20,
        .client_high = 65536,
        .client_hard = 1 << 20,
        .peer_high = 8192,
        .peer_hard = 131072,
        .max_half_open = 10,
        .max_clients = 50,
        .max_monitors = 20,
        .max_contacts = 10,
        .max_names = 10,
        .max_spawned = 10,
        .own_uid = 7,
};

int scarce_make(const char *const *seeds, void (*change)(NodeConfig *config)) {
        static const char *const binds[] = {"192.0.2.1:1", "[2001:db8::1]:2"};
        NodeConfig config = scarce_config;
        Scarce scarce = {.random = 42};
        int r = 0;

        config.seeds = seeds;
        if (change)
                change(&config);
        oom_within(r = node_new(&scarce.node, &config, &scarce_edge, &scarce));
        ERR_clear_error();
        if (r < 0)
                return r;

        oom_within(r = node_set_binds(scarce.node, binds, 2));
        oom_within(node_free(scarce.node));
        return r;
}

static Scarce *scarce_new(const char *const *seeds, void (*change)(NodeConfig *config)) {
        Scarce *scarce = calloc(1, sizeof(*scarce));
        NodeConfig config = scarce_config;

        check(scarce);
        scarce->now = USEC_PER_SEC;
        scarce->random = 42;
        config.seeds = seeds;
        if (change)
                change(&config);

        check_int(node_new(&scarce->node, &config, &scarce_edge, scarce), ==, 0);
        node_set_time(scarce->node, scarce->now, SCARCE_REALTIME + scarce->now);
        oom_within(node_start(scarce->node));
        scarce_turn(scarce);
        return scarce;
}

static void scarce_free(Scarce *scarce) {
        for (size_t i = 0; i < scarce->n_ends; i++) {
                ScarceEnd *end = scarce->ends[i];

                if (end->stream)
                        scarce_end_over(end, "the test is over");
                buf_deinit(&end->in);
                buf_deinit(&end->heard);
                free(end);
        }
        oom_within(node_free(scarce->node));
        ERR_clear_error(); /* what OpenSSL keeps of a failure */
        free(scarce);
}

typedef struct Story {
        ScarceStory fn;
        const char *const *seeds;
        void (*change)(NodeConfig *config);
} Story;

static void story_tell(void *userdata) {
        const Story *story = userdata;
        Scarce *scarce = scarce_new(story->seeds, story->change);

        story->fn(scarce);
        scarce_free(scarce);
}

void scarce_tell(ScarceStory fn, const char *const *seeds, void (*change)(NodeConfig *config)) {
        Story story = {fn, seeds, change};

        for (OomKind kind = OOM_ONE; kind <= OOM_ALL; kind++)
                check_int(oom_tell(story_tell, &story, kind), >=, oom_works() ? 20 : 0);
}
