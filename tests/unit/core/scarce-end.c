/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the far ends do, and what they heard.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/auth.h"
#include "scarce.h"
#include "tests/unit/test.h"
#include "wire/json.h"

/* --- ends -------------------------------------------------------------------------------------------- */

static void end_feed(ScarceEnd *end, const uint8_t *p, size_t n) {
        static const StreamSecurity security = {.version = "TLSv1.3",
                .cipher = "TLS_AES_256_GCM_SHA384",
                .subject = "CN=other",
                .expires = 12345};
        size_t taken = 0;

        if (!end->stream)
                return;

        oom_within(taken = stream_input(end->stream, p, n));
        scarce_turn(end->scarce);
        if (!end->stream || end->secured || end->stream->tls == STREAM_TLS_NONE)
                return;

        /* what comes behind the place where TLS begins are records, which say the same here */
        end->secured = true;
        oom_within(stream_secured(end->stream, &security));
        scarce_end_take(end);
        scarce_turn(end->scarce);
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
        scarce_turn(end->scarce);
        end_line(end, end->node_greeting, sizeof(end->node_greeting));
        end_line(end, end->node_nonce, sizeof(end->node_nonce));
}

ScarceEnd *scarce_client(Scarce *scarce, uid_t uid, const char *line) {
        ScarceEnd *end = scarce_end_new(scarce);
        const ClientCreds creds = {.uid = uid, .gid = uid, .pid = 100 + (pid_t) scarce->n_ends};
        char text[256];
        const char *p;
        int r = 0;

        oom_within(r = node_attach(scarce->node, &creds, &end->stream));
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
        ScarceEnd *end = scarce_end_new(scarce);
        int r = 0;

        oom_within(r = node_accept(scarce->node, end->address, &end->stream));
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

        scarce_turn(scarce);
        if (scarce->n_connects == 0)
                return NULL;

        end = scarce->connects[0];
        scarce_end_forget_connect(end);
        oom_within(stream_connected(end->stream, end->address));
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
        scarce_end_listen(end);
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

        scarce_turn(scarce);
        if (scarce->n_lookups == 0)
                return;

        id = scarce->lookups[0].id;
        memmove(scarce->lookups, scarce->lookups + 1, --scarce->n_lookups * sizeof(*scarce->lookups));
        oom_within(node_resolved(scarce->node, id, &answer, answer != NULL, answer ? NULL : "no such name"));
        scarce_turn(scarce);
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
                scarce_end_over(end, "Unexpected end-of-file");
        scarce_turn(end->scarce);
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
