/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scarce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/auth.h"
#include "tests/unit/test.h"
#include "wire/frame.h"
#include "wire/json.h"

#define SCARCE_REALTIME 1700000000000000ULL

/* A call of the node, which may find no memory. */
#define within(call) \
        do { \
                bool _within_before = oom_enter(); \
\
                call; \
                oom_leave(_within_before); \
        } while (0)

/* --- the edge ---------------------------------------------------------------------------------------- */

static void scarce_random(void *userdata, void *to, size_t n) {
        Scarce *scarce = userdata;

        for (size_t i = 0; i < n; i++) {
                scarce->random = scarce->random * 6364136223846793005ULL + 1442695040888963407ULL;
                ((uint8_t *) to)[i] = (uint8_t) (scarce->random >> 33);
        }
}

static ScarceEnd *end_new(Scarce *scarce) {
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
        ScarceEnd *end = end_new(scarce);

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

static void forget_connect(ScarceEnd *end) {
        Scarce *scarce = end->scarce;

        for (size_t i = 0; i < scarce->n_connects; i++)
                if (scarce->connects[i] == end) {
                        memmove(scarce->connects + i, scarce->connects + i + 1,
                                (--scarce->n_connects - i) * sizeof(*scarce->connects));
                        return;
                }
}

static void end_over(ScarceEnd *end, const char *why) {
        Stream *stream = end->stream;

        forget_connect(end);
        end->stream = NULL;
        within(stream_closed(stream, why));
}

static void take(ScarceEnd *end) {
        Stream *stream = end->stream;
        struct iovec iov;

        while (queue_iov(&stream->out, &iov, 1) > 0) {
                size_t n = iov.iov_len;

                if (stream->tls != STREAM_TLS_NONE && !end->secured)
                        n = n < stream->plain ? n : stream->plain;
                if (n == 0)
                        return;
                buf_put(&end->in, iov.iov_base, n);
                within(stream_sent(stream, n));
        }
}

/* What came in, as messages. */
static void end_listen(ScarceEnd *end) {
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

static void turn(Scarce *scarce) {
        Stream *stream;

        node_set_time(scarce->node, scarce->now, SCARCE_REALTIME + scarce->now);
        for (bool more = true; more;) {
                more = node_deadline(scarce->node) <= scarce->now;
                if (more)
                        within(node_tick(scarce->node));

                while ((stream = node_next_dirty(scarce->node))) {
                        ScarceEnd *end = stream->edge;

                        more = true;
                        take(end);
                        end_listen(end);
                        if (stream->closing)
                                end_over(end, "closed");
                }
        }
}

void scarce_sleep(Scarce *scarce, uint64_t usec) {
        uint64_t end = scarce->now + usec, next;

        while ((next = node_deadline(scarce->node)) <= end) {
                scarce->now = next;
                turn(scarce);
        }
        scarce->now = end;
        turn(scarce);
}

void scarce_settle(Scarce *scarce) {
        (void) oom_disarm();
        scarce_sleep(scarce, 0);
}

/* --- ends -------------------------------------------------------------------------------------------- */

static void end_feed(ScarceEnd *end, const uint8_t *p, size_t n) {
        static const StreamSecurity security = {.version = "TLSv1.3",
                .cipher = "TLS_AES_256_GCM_SHA384",
                .subject = "CN=other",
                .expires = 12345};
        size_t taken = 0;

        if (!end->stream)
                return;

        within(taken = stream_input(end->stream, p, n));
        turn(end->scarce);
        if (!end->stream || end->secured || end->stream->tls == STREAM_TLS_NONE)
                return;

        /* what comes behind the place where TLS begins are records, which say the same here */
        end->secured = true;
        within(stream_secured(end->stream, &security));
        take(end);
        turn(end->scarce);
        if (taken < n)
                end_feed(end, p + taken, n - taken);
}

void scarce_octets(ScarceEnd *end, const void *p, size_t n) {
        end_feed(end, p, n);
}

/* One line of a handshake, "" when there is none. */
static void end_line(ScarceEnd *end, char *to, size_t n) {
        const uint8_t *lf = end->in.len > 0 ? memchr(end->in.data, '\n', end->in.len) : NULL;
        size_t len = lf ? (size_t) (lf - end->in.data) : 0;

        snprintf(to, n, "%.*s", (int) len, lf ? (const char *) end->in.data : "");
        if (lf)
                buf_consume(&end->in, len + 1);
}

static void end_read_lines(ScarceEnd *end) {
        turn(end->scarce);
        end_line(end, end->node_greeting, sizeof(end->node_greeting));
        end_line(end, end->node_nonce, sizeof(end->node_nonce));
}

ScarceEnd *scarce_client(Scarce *scarce, uid_t uid, const char *line) {
        ScarceEnd *end = end_new(scarce);
        const ClientCreds creds = {.uid = uid, .gid = uid, .pid = 100 + (pid_t) scarce->n_ends};
        char text[256];
        const char *p;
        int r = 0;

        within(r = node_attach(scarce->node, &creds, &end->stream));
        if (r < 0) {
                check_int(r, ==, -ENOMEM);
                return end;
        }

        end->stream->edge = end;
        end->json = end->hears_json = line[0] == 'j';
        snprintf(text, sizeof(text), "aemp-client;1;prog;;%s\n", line);
        scarce_octets(end, text, strlen(text));
        end_line(end, text, sizeof(text));
        end->talks = true;
        p = strstr(text, ";prefix=");
        if (p)
                snprintf(end->prefix, sizeof(end->prefix), "%.*s", (int) strcspn(p + 8, ";"), p + 8);
        else
                check(!end->stream);
        return end;
}

ScarceEnd *scarce_accept(Scarce *scarce) {
        ScarceEnd *end = end_new(scarce);
        int r = 0;

        within(r = node_accept(scarce->node, end->address, &end->stream));
        if (r < 0) {
                check_int(r, ==, -ENOMEM);
                return end;
        }

        end->stream->edge = end;
        end_read_lines(end);
        return end;
}

ScarceEnd *scarce_connected(Scarce *scarce) {
        ScarceEnd *end;

        turn(scarce);
        if (scarce->n_connects == 0)
                return NULL;

        end = scarce->connects[0];
        forget_connect(end);
        within(stream_connected(end->stream, end->address));
        end_read_lines(end);
        return end;
}

void scarce_greet(ScarceEnd *end, const char *id, const char *lists, const char *keys) {
        char lines[700];

        snprintf(end->greeting, sizeof(end->greeting), "aemp;1;%s;%s%s", id, lists, keys);
        snprintf(end->nonce, sizeof(end->nonce), "nonce-of-%s", id);
        snprintf(lines, sizeof(lines), "%s\n%s\n", end->greeting, end->nonce);
        scarce_octets(end, lines, strlen(lines));
}

void scarce_auth(ScarceEnd *end, const char *method) {
        const AuthLines lines = {str_from(end->greeting), str_from(end->nonce), str_from(end->node_greeting),
                str_from(end->node_nonce)};
        _cleanup_buf_ Buf line = BUF_INIT;
        char text[300];
        Auth *auth;

        check_int(auth_new(&auth, &(NodeSecret){SCARCE_SECRET, strlen(SCARCE_SECRET)}, 1), ==, 0);
        buf_printf(&line, "%s;", method);
        check_int(auth_put_token(auth, auth_method_from_string(str_from(method)), &lines, &line), ==, 0);
        buf_printf(&line, ";cbor\n");
        auth_free(auth);
        scarce_octets(end, line.data, line.len);
        end_line(end, text, sizeof(text));
        end->talks = true;
        end_listen(end);
}

ScarceEnd *scarce_peer(Scarce *scarce, const char *id, const char *framing) {
        ScarceEnd *end = scarce_accept(scarce);
        char lists[64];

        snprintf(lists, sizeof(lists), "hmac_sha3_512;%s", framing);
        end->hears_json = strcmp(framing, "json") == 0;
        scarce_greet(end, id, lists, "");
        scarce_auth(end, "hmac_sha3_512");
        return end;
}

void scarce_resolve(Scarce *scarce, const char *answer) {
        uint64_t id;

        turn(scarce);
        if (scarce->n_lookups == 0)
                return;

        id = scarce->lookups[0].id;
        memmove(scarce->lookups, scarce->lookups + 1, --scarce->n_lookups * sizeof(*scarce->lookups));
        within(node_resolved(scarce->node, id, &answer, answer != NULL, answer ? NULL : "no such name"));
        turn(scarce);
}

void scarce_say(ScarceEnd *end, const char *format, ...) {
        _cleanup_buf_ Buf cbor = BUF_INIT;
        char text[4096];
        va_list ap;

        va_start(ap, format);
        check_int(vsnprintf(text, sizeof(text), format, ap), <, (int) sizeof(text));
        va_end(ap);

        check_int(json_to_cbor((const uint8_t *) text, strlen(text), &cbor), ==, 0);
        if (end->json)
                scarce_octets(end, text, strlen(text));
        else
                scarce_octets(end, cbor.data, cbor.len);
}

void scarce_close(ScarceEnd *end) {
        if (end->stream)
                end_over(end, "Unexpected end-of-file");
        turn(end->scarce);
}

/* --- what was heard ---------------------------------------------------------------------------------- */

bool scarce_heard(const ScarceEnd *end, const char *format, ...) {
        const char *p = (const char *) end->heard.data, *stop = p + end->heard.len;
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        for (; p && p < stop; p = (const char *) memchr(p, '\n', (size_t) (stop - p)) + 1)
                if ((size_t) (stop - p) >= strlen(text) && memcmp(p, text, strlen(text)) == 0)
                        return true;

        return false;
}

static const char *own_port(const char *port) {
        return port[strlen(port) - 1] == '.' ? "1" : "";
}

void scarce_say_sequence(ScarceEnd *from, const char *port, unsigned first, unsigned last) {
        for (unsigned i = first; i <= last; i++)
                scarce_say(from, "[\"%s%s%s\",\"seq\",%u]", *own_port(port) ? "host1#" : "", port,
                        own_port(port), i);
}

unsigned scarce_sequence(const ScarceEnd *end, const char *port) {
        const char *own = own_port(port);
        unsigned n = 0;

        while (scarce_heard(end, "[\"%s%s\",\"seq\",%u]", port, own, n + 1))
                n++;
        for (unsigned i = n + 2; i < n + 30; i++)
                if (scarce_heard(end, "[\"%s%s\",\"seq\",%u]", port, own, i))
                        test_fail(__FILE__, __LINE__, "%u was lost, and yet %u came", n + 1, i);

        return n;
}

/* --- the bench --------------------------------------------------------------------------------------- */

static Scarce *scarce_new(const char *const *seeds, void (*change)(NodeConfig *config)) {
        NodeConfig config = {
                .id = "host1",
                .seeds = seeds,
                .secrets = &(NodeSecret){SCARCE_SECRET, strlen(SCARCE_SECRET)},
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
        Scarce *scarce = calloc(1, sizeof(*scarce));

        check(scarce);
        scarce->now = USEC_PER_SEC;
        scarce->random = 42;
        if (change)
                change(&config);

        check_int(node_new(&scarce->node, &config, &scarce_edge, scarce), ==, 0);
        node_set_time(scarce->node, scarce->now, SCARCE_REALTIME + scarce->now);
        within(node_start(scarce->node));
        turn(scarce);
        return scarce;
}

static void scarce_free(Scarce *scarce) {
        for (size_t i = 0; i < scarce->n_ends; i++) {
                ScarceEnd *end = scarce->ends[i];

                if (end->stream)
                        end_over(end, "the test is over");
                buf_deinit(&end->in);
                buf_deinit(&end->heard);
                free(end);
        }
        within(node_free(scarce->node));
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
