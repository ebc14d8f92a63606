/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rig.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/auth.h"
#include "tests/unit/test.h"
#include "wire/frame.h"
#include "wire/json.h"

#define RIG_REALTIME 1700000000000000ULL

/* --- the edge ---------------------------------------------------------------------------------------- */

static void rig_random(void *userdata, void *to, size_t n) {
        Rig *rig = userdata;

        for (size_t i = 0; i < n; i++) {
                rig->random = rig->random * 6364136223846793005ULL + 1442695040888963407ULL;
                ((uint8_t *) to)[i] = (uint8_t) (rig->random >> 33);
        }
}

static RigEnd *rig_end_new(Rig *rig) {
        RigEnd *end = calloc(1, sizeof(*end));

        check(end && rig->n_ends < 256);
        end->rig = rig;
        rig->ends[rig->n_ends++] = end;
        return end;
}

static void rig_connect(void *userdata, Stream *stream, const char *address) {
        Rig *rig = userdata;
        RigEnd *end = rig_end_new(rig);

        check_int(rig->n_connects, <, 64);
        end->stream = stream;
        stream->edge = end;
        snprintf(end->address, sizeof(end->address), "%s", address);
        rig->connects[rig->n_connects++] = end;
}

static void rig_resolve_asked(void *userdata, uint64_t id, const char *address) {
        Rig *rig = userdata;

        check_int(rig->n_lookups, <, 64);
        rig->lookups[rig->n_lookups].id = id;
        snprintf(rig->lookups[rig->n_lookups++].address, 128, "%s", address);
}

static void rig_event(void *userdata, const Event *event) {
        static const char *const names[_EVENT_TYPE_MAX] = {
                [EVENT_NODE_UP] = "NODE_UP",
                [EVENT_NODE_DOWN] = "NODE_DOWN",
                [EVENT_CONNECT_FAILED] = "CONNECT_FAILED",
                [EVENT_SEED_FAILED] = "SEED_FAILED",
                [EVENT_CONN_REFUSED] = "CONN_REFUSED",
                [EVENT_PROTOCOL_ERROR] = "PROTOCOL_ERROR",
                [EVENT_REQUEST_FAILED] = "REQUEST_FAILED",
                [EVENT_CLIENT_ATTACHED] = "CLIENT_ATTACHED",
                [EVENT_CLIENT_DETACHED] = "CLIENT_DETACHED",
                [EVENT_CLIENT_REFUSED] = "CLIENT_REFUSED",
                [EVENT_SEED_SELF] = "SEED_SELF",
                [EVENT_SLOW] = "SLOW",
                [EVENT_NO_MEMORY] = "NO_MEMORY",
        };
        Rig *rig = userdata;

        buf_printf(&rig->events, "%s %s %s %s\n", names[event->type], event->node ?: "-", event->who ?: "-",
                event->text ?: "-");
}

static const NodeEdge rig_edge = {
        .random = rig_random,
        .connect = rig_connect,
        .resolve = rig_resolve_asked,
        .event = rig_event,
};

/* --- turns ------------------------------------------------------------------------------------------- */

static void rig_forget_connect(RigEnd *end) {
        Rig *rig = end->rig;

        for (size_t i = 0; i < rig->n_connects; i++)
                if (rig->connects[i] == end) {
                        memmove(rig->connects + i, rig->connects + i + 1,
                                (--rig->n_connects - i) * sizeof(*rig->connects));
                        return;
                }
}

static void rig_take(RigEnd *end) {
        Stream *stream = end->stream;
        struct iovec iov;

        while (!end->slow && queue_iov(&stream->out, &iov, 1) > 0) {
                size_t n = iov.iov_len;

                /* what goes into records waits until there are any */
                if (stream->tls != STREAM_TLS_NONE && !end->secured)
                        n = n < stream->plain ? n : stream->plain;
                if (n == 0)
                        return;
                buf_put(&end->in, iov.iov_base, n);
                stream_sent(stream, n);
        }
}

void rig_turn(Rig *rig) {
        Stream *stream;

        node_set_time(rig->node, rig->now, RIG_REALTIME + rig->now);
        for (bool more = true; more;) {
                more = node_deadline(rig->node) <= rig->now;
                if (more)
                        node_tick(rig->node);

                while ((stream = node_next_dirty(rig->node))) {
                        RigEnd *end = stream->edge;

                        more = true;
                        rig_take(end);
                        if (stream->closing) {
                                rig_forget_connect(end);
                                end->stream = NULL;
                                stream_closed(stream, "closed");
                        }
                }
        }
}

void rig_sleep(Rig *rig, uint64_t usec) {
        uint64_t end = rig->now + usec, next;

        while ((next = node_deadline(rig->node)) <= end) {
                rig->now = next;
                rig_turn(rig);
        }
        rig->now = end;
        rig_turn(rig);
}

/* --- ends -------------------------------------------------------------------------------------------- */

RigEnd *rig_attach(Rig *rig, uid_t uid) {
        const ClientCreds creds = {.uid = uid, .gid = uid, .pid = 100 + (pid_t) rig->n_ends};
        RigEnd *end = rig_end_new(rig);

        check_int(node_attach(rig->node, &creds, &end->stream), ==, 0);
        end->stream->edge = end;
        end->json = true;
        return end;
}

RigEnd *rig_client(Rig *rig, const char *program) {
        RigEnd *end = rig_attach(rig, 0);
        char line[256];
        const char *p;

        snprintf(line, sizeof(line), "aemp-client;1;%s;;json\n", program);
        rig_octets(end, line, strlen(line));
        p = strstr(rig_line(end), ";prefix=");
        check(p);
        snprintf(end->prefix, sizeof(end->prefix), "%.*s", (int) strcspn(p + 8, ";"), p + 8);
        return end;
}

static void rig_read_lines(RigEnd *end) {
        snprintf(end->node_greeting, sizeof(end->node_greeting), "%s", rig_line(end));
        snprintf(end->node_nonce, sizeof(end->node_nonce), "%s", rig_line(end));
}

RigEnd *rig_accept_from(Rig *rig, const char *address) {
        RigEnd *end = rig_end_new(rig);
        int r;

        snprintf(end->address, sizeof(end->address), "%s", address);
        r = node_accept(rig->node, end->address, &end->stream);
        if (r < 0) {
                check_int(r, ==, -EBUSY);
                rig->n_ends--;
                free(end);
                return NULL;
        }

        end->stream->edge = end;
        rig_turn(rig);
        rig_read_lines(end);
        return end;
}

RigEnd *rig_accept(Rig *rig) {
        char address[64];
        RigEnd *end;

        snprintf(address, sizeof(address), "192.0.2.1:%zu", 1001 + rig->n_ends);
        end = rig_accept_from(rig, address);
        check(end);
        return end;
}

RigEnd *rig_connected(Rig *rig) {
        RigEnd *end;

        rig_turn(rig);
        check_int(rig->n_connects, >, 0);
        end = rig->connects[0];
        rig_forget_connect(end);
        stream_connected(end->stream, end->address);
        rig_turn(rig);
        rig_read_lines(end);
        return end;
}

void rig_greet_as(RigEnd *end, const char *id, const char *lists, const char *keys, const char *nonce) {
        char lines[700];

        snprintf(end->greeting, sizeof(end->greeting), "aemp;1;%s;%s%s", id, lists, keys);
        snprintf(end->nonce, sizeof(end->nonce), "%s", nonce);
        snprintf(lines, sizeof(lines), "%s\n%s\r\n", end->greeting, end->nonce);
        rig_octets(end, lines, strlen(lines));
}

void rig_greet(RigEnd *end, const char *id, const char *keys) {
        char nonce[128];

        snprintf(nonce, sizeof(nonce), "nonce-of-%s-%zu", id, end->rig->n_ends);
        rig_greet_as(end, id, "tls_sha3_512,hmac_sha3_512;cbor,json", keys, nonce);
}

static const char *token_text(const char *method, const char *secret, const AuthLines *lines) {
        static Buf text;
        Auth *auth;

        buf_reset(&text);
        check_int(auth_new(&auth, &(NodeSecret){secret, strlen(secret)}, 1), ==, 0);
        check_int(auth_put_token(auth, auth_method_from_string(str_from(method)), lines, &text), ==, 0);
        auth_free(auth);
        buf_putc(&text, '\0');
        return (const char *) text.data;
}

const char *rig_token(RigEnd *end, const char *method, const char *secret) {
        const AuthLines lines = {str_from(end->greeting), str_from(end->nonce), str_from(end->node_greeting),
                str_from(end->node_nonce)};

        return token_text(method, secret, &lines);
}

const char *rig_node_token(RigEnd *end, const char *method, const char *secret) {
        const AuthLines lines = {str_from(end->node_greeting), str_from(end->node_nonce),
                str_from(end->greeting), str_from(end->nonce)};

        return token_text(method, secret, &lines);
}

void rig_auth_as(RigEnd *end, const char *method, const char *secret, const char *framing) {
        char line[300];

        snprintf(line, sizeof(line), "%s;%s;%s\n", method, rig_token(end, method, secret), framing);
        rig_octets(end, line, strlen(line));
}

void rig_auth(RigEnd *end, const char *secret) {
        rig_auth_as(end, "hmac_sha3_512", secret, "cbor");
}

RigEnd *rig_peer(Rig *rig, const char *id) {
        RigEnd *end = rig_accept(rig);

        rig_greet(end, id, "");
        rig_auth(end, RIG_SECRET);
        check(strncmp(rig_line(end), "hmac_sha3_512;", 14) == 0);
        return end;
}

void rig_secure(RigEnd *end) {
        const StreamSecurity security = {.version = "TLSv1.3",
                .cipher = "TLS_AES_256_GCM_SHA384",
                .subject = "CN=other",
                .expires = 12345};
        Buf records = end->records;

        check(end->stream && end->stream->tls != STREAM_TLS_NONE && !end->secured);
        end->records = BUF_INIT;
        end->secured = true;
        stream_secured(end->stream, &security);
        rig_take(end);
        rig_turn(end->rig);
        if (records.len > 0 && end->stream)
                rig_octets(end, records.data, records.len);
        buf_deinit(&records);
}

/* TLS is no more than a place in the stream: behind it comes, unchanged, what records would hold. */
static void rig_feed(RigEnd *end, const uint8_t *p, size_t n) {
        size_t taken = 0;

        if (end->stream && (end->stream->tls == STREAM_TLS_NONE || end->secured))
                taken = stream_input(end->stream, p, n);
        check_int(taken, <=, n);
        rig_turn(end->rig);
        if (!end->stream || end->stream->tls == STREAM_TLS_NONE || end->secured) {
                check(!end->stream || taken == n);
                return;
        }

        buf_put(&end->records, p + taken, n - taken);
        if (!end->no_tls)
                rig_secure(end);
}

void rig_octets(RigEnd *end, const void *p, size_t n) {
        check(end->stream);
        if (end->held) {
                buf_put(&end->out, p, n);
                return;
        }

        for (; end->slowly && n > 1; n--) {
                rig_feed(end, p, 1);
                p = (const uint8_t *) p + 1;
        }
        rig_feed(end, p, n);
}

void rig_release(RigEnd *end) {
        end->held = false;
        rig_octets(end, end->out.data, end->out.len);
        buf_reset(&end->out);
}

void rig_say(RigEnd *end, const char *format, ...) {
        _cleanup_buf_ Buf cbor = BUF_INIT;
        char text[4096];
        va_list ap;

        va_start(ap, format);
        check_int(vsnprintf(text, sizeof(text), format, ap), <, (int) sizeof(text));
        va_end(ap);

        if (end->json) {
                rig_octets(end, text, strlen(text));
                return;
        }

        check_int(json_to_cbor((const uint8_t *) text, strlen(text), &cbor), ==, 0);
        rig_octets(end, cbor.data, cbor.len);
}

const char *rig_heard(RigEnd *end) {
        FrameReader reader;
        const uint8_t *p = end->in.data;
        size_t n = end->in.len;
        Frame frame;
        int r;

        frame_reader_init(&reader, end->json && !end->hears_cbor ? FRAMING_JSON : FRAMING_CBOR, 1 << 20);
        buf_reset(&end->text);
        while ((r = frame_reader_next(&reader, &p, &n, &frame)) > 0) {
                check_int(json_from_cbor(frame.p, frame.len, &end->text), ==, 0);
                buf_putc(&end->text, '\n');
        }
        check_int(r, ==, 0);
        check(!frame_reader_is_partial(&reader));
        frame_reader_deinit(&reader);

        buf_reset(&end->in);
        buf_putc(&end->text, '\0');
        return (const char *) end->text.data;
}

const char *rig_line(RigEnd *end) {
        const uint8_t *lf = end->in.len > 0 ? memchr(end->in.data, '\n', end->in.len) : NULL;

        check(lf);
        buf_reset(&end->text);
        buf_put(&end->text, end->in.data, (size_t) (lf - end->in.data));
        buf_putc(&end->text, '\0');
        buf_consume(&end->in, (size_t) (lf - end->in.data) + 1);
        return (const char *) end->text.data;
}

void rig_close(RigEnd *end, const char *why) {
        Stream *stream = end->stream;

        check(stream);
        end->stream = NULL;
        rig_forget_connect(end);
        stream_closed(stream, why);
        rig_turn(end->rig);
}

void rig_resolve(Rig *rig, const char *address, const char *answer) {
        rig_turn(rig);
        for (size_t i = 0; i < rig->n_lookups; i++)
                if (strcmp(rig->lookups[i].address, address) == 0) {
                        uint64_t id = rig->lookups[i].id;

                        rig->lookups[i] = rig->lookups[--rig->n_lookups];
                        node_resolved(
                                rig->node, id, &answer, answer != NULL, answer ? NULL : "no such name");
                        rig_turn(rig);
                        return;
                }

        test_fail(__FILE__, __LINE__, "nobody asked for %s", address);
}

const char *rig_events(Rig *rig) {
        static Buf seen;

        buf_reset(&seen);
        buf_put(&seen, rig->events.data, rig->events.len);
        buf_putc(&seen, '\0');
        buf_reset(&rig->events);
        return (const char *) seen.data;
}

const char *expect(const char *format, ...) {
        static char text[4096];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        return text;
}

/* --- the rig ----------------------------------------------------------------------------------------- */

Rig *rig_new_with(const char *id, const char *const *seeds, void (*change)(NodeConfig *config)) {
        Rig *rig = calloc(1, sizeof(*rig));

        check(rig);
        rig->now = USEC_PER_SEC;
        rig->random = 42;
        rig->config = (NodeConfig){
                .id = id,
                .seeds = seeds,
                .secrets = &(NodeSecret){RIG_SECRET, strlen(RIG_SECRET)},
                .n_secrets = 1,
                .monitor_timeout = 30 * USEC_PER_SEC,
                .connect_interval = 2 * USEC_PER_SEC,
                .handshake_timeout = 5 * USEC_PER_SEC,
                .heartbeat_interval = 5 * USEC_PER_SEC,
                .max_message = 1 << 20,
                .client_high = 4096,
                .client_hard = 65536,
                .peer_high = 8192,
                .peer_hard = 131072,
                .max_half_open = 10,
                .max_clients = 50,
                .max_monitors = 20,
                .max_contacts = 10,
                .own_uid = 7,
        };
        if (change)
                change(&rig->config);

        check_int(node_new(&rig->node, &rig->config, &rig_edge, rig), ==, 0);
        node_set_time(rig->node, rig->now, RIG_REALTIME + rig->now);
        node_start(rig->node);
        rig_turn(rig);
        return rig;
}

Rig *rig_new(const char *id, const char *const *seeds) {
        return rig_new_with(id, seeds, NULL);
}

static void rig_end_free(RigEnd *end) {
        buf_deinit(&end->in);
        buf_deinit(&end->text);
        buf_deinit(&end->out);
        buf_deinit(&end->records);
        free(end);
}

void rig_forget(Rig *rig) {
        RigEnd *end = rig->ends[--rig->n_ends];

        check(!end->stream);
        rig_end_free(end);
}

Rig *rig_free(Rig *rig) {
        for (size_t i = 0; i < rig->n_ends; i++) {
                RigEnd *end = rig->ends[i];

                if (end->stream)
                        stream_closed(end->stream, "the test is over");
                rig_end_free(end);
        }
        node_free(rig->node);
        buf_deinit(&rig->events);
        free(rig);
        return NULL;
}
