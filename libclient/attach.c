/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Getting to aempd, and getting back to it
 *
 * The ends of a connection are noticed in reading, so that aempd's last words were heard by then. Attempts
 * to come back are jittered: all programs of a host lose aempd in the same moment.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libclient/address.h"
#include "libclient/aemp.h"
#include "libclient/attach.h"
#include "libclient/reason.h"
#include "wire/id.h"
#include "wire/number.h"

#define PROGRAM_MAX 64
#define LINE_MAX_SIZE 4096
/* The next attempt comes after half of it at least. */
#define DELAY_MIN (200 * 1000U)
#define DELAY_MAX (3 * 1000 * 1000U)

/* aempd's line, in parts. */
typedef struct Greeting {
        Str node;
        Str prefix;
        uint64_t max_message;
} Greeting;

static int fail(Attach *attach, int r, const char *text) {
        (void) snprintf(
                attach->error, sizeof(attach->error), "%s: %s", attach->path, text ?: strerrordesc_np(-r));
        return r;
}

/* For people: printable characters, the line's own ones escaped. */
static int greeting_make(const char *program, char **ret) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        buf_put_str(&buf, STR_LIT("aemp-client;1;"));
        for (size_t i = 0; program[i] && i < PROGRAM_MAX; i++) {
                char c = program[i];

                if (c == ';' || c == '%')
                        buf_printf(&buf, "%%%02x", (unsigned) c);
                else
                        buf_putc(&buf, c >= ' ' && c < 0x7f ? (uint8_t) c : '?');
        }
        buf_put_str(&buf, STR_LIT(";;cbor;src=1\n"));
        buf_putc(&buf, 0);
        if (buf_error(&buf) < 0)
                return buf_error(&buf);

        *ret = (char *) buf.data;
        buf = BUF_INIT;
        return 0;
}

int attach_init(Attach *attach, const char *address, const char *program) {
        int r;

        r = address_resolve(address, &attach->path);
        if (r < 0) {
                (void) snprintf(attach->error, sizeof(attach->error),
                        "%s: not an address of the form unix:path=...", address ?: "AEMP_ADDRESS");
                return r;
        }

        attach->delay = DELAY_MIN;
        return greeting_make(program ?: program_invocation_short_name, &attach->greeting);
}

void attach_deinit(Attach *attach) {
        free(attach->path);
        free(attach->greeting);
        buf_deinit(&attach->line);
}

int attach_start(aemp *a, bool wait) {
        Attach *attach = &a->attach;
        int fd, r;

        fd = address_connect(attach->path, wait ? ATTACH_TIMEOUT : 0);
        if (fd < 0)
                return fail(attach, fd, NULL);

        r = stream_open(&a->stream, fd, SIZE_MAX);
        if (r < 0) {
                (void) close(fd);
                return r;
        }

        r = queue_put(&a->stream.out, attach->greeting, strlen(attach->greeting));
        if (r < 0)
                return r;

        a->state = STATE_GREETING;
        buf_reset(&attach->line);
        stream_flush(&a->stream);
        loop_watch_stream(a);
        return 0;
}

/* Takes no octet behind the line's end: 1 when it is complete. */
static int line_read(aemp *a) {
        Buf *line = &a->attach.line;
        char chunk[LINE_MAX_SIZE], *end;
        ssize_t n;

        n = recv(a->stream.fd, chunk, sizeof(chunk), MSG_PEEK | MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -ECONNRESET;

        end = memchr(chunk, '\n', (size_t) n);
        if (end)
                n = end + 1 - chunk;
        n = recv(a->stream.fd, chunk, (size_t) n, MSG_DONTWAIT);
        if (n < 0)
                return -errno;

        buf_put(line, chunk, (size_t) n);
        if (buf_error(line) < 0)
                return buf_error(line);
        if (line->len > LINE_MAX_SIZE)
                return -EPROTO;
        return !!end;
}

static Str line_take(Str *line, char c) {
        const char *end = memchr(line->p, c, line->n);
        Str field = {line->p, end ? (size_t) (end - line->p) : line->n};

        line->p += field.n + !!end;
        line->n -= field.n + !!end;
        return field;
}

static void greeting_key(Greeting *g, Str entry) {
        Str key = line_take(&entry, '=');
        uint64_t v;

        if (str_is(key, "prefix"))
                g->prefix = entry;
        else if (str_is(key, "max_message") && number_read_uint(entry, &v))
                g->max_message = v;
}

static bool greeting_parse(Str line, Greeting *ret) {
        Greeting g = {.max_message = SIZE_MAX};

        if (!str_is(line_take(&line, ';'), "aemp-client") || !str_is(line_take(&line, ';'), "1"))
                return false;

        g.node = line_take(&line, ';');
        (void) line_take(&line, ';');
        if (!str_is(line_take(&line, ';'), "cbor"))
                return false;
        while (line.n > 0)
                greeting_key(&g, line_take(&line, ';'));

        if (!node_id_is_valid(g.node) || g.prefix.n == 0 || !port_name_is_valid(g.prefix) ||
                strlen(SPAWN_MARK) + g.prefix.n + NUMBER_TEXT62_MAX > PORT_NAME_MAX)
                return false;

        *ret = g;
        return true;
}

static int attach_done(aemp *a, const Greeting *g) {
        Home home;
        int r;

        r = home_init(&home, g->node, g->prefix, g->max_message);
        if (r < 0)
                return r;

        home_deinit(&a->home);
        a->home = home;
        ports_renamed(a);
        origin_set(a, STR_LIT(""));
        timer_unset(a, &a->attach.timer);
        a->attach.delay = DELAY_MIN;
        a->state = STATE_ATTACHED;
        return 1;
}

int attach_input(aemp *a) {
        Attach *attach = &a->attach;
        char text[200];
        Greeting g;
        Str line;
        int r;

        r = line_read(a);
        if (r <= 0)
                return r == 0 ? 0 : fail(attach, r, r == -ECONNRESET ? "aempd closed the connection" : NULL);

        line = (Str){(const char *) attach->line.data, attach->line.len - 1};
        if (line.n > 0 && line.p[line.n - 1] == '\r')
                line.n--;

        if (str_starts_with(line, STR_LIT("error;"))) {
                (void) snprintf(text, sizeof(text), "aempd says: %.*s", (int) line.n - 6, line.p + 6);
                return fail(attach, -EPROTO, text);
        }
        if (!greeting_parse(line, &g))
                return fail(
                        attach, -EPROTO, "this is not aempd, or it speaks another version of the protocol");

        return attach_done(a, &g);
}

/* xorshift64: enough for jitter. */
static uint64_t attach_random(Attach *attach) {
        attach->random ^= attach->random << 13;
        attach->random ^= attach->random >> 7;
        attach->random ^= attach->random << 17;
        return attach->random;
}

static void attach_again(aemp *a) {
        Attach *attach = &a->attach;
        uint64_t half = attach->delay / 2;

        timer_set_spare(a, &attach->timer, half + attach_random(attach) % half);
        attach->delay = attach->delay * 2 < DELAY_MAX ? attach->delay * 2 : DELAY_MAX;
}

void attach_timer_fire(aemp *a, Timer *timer) {
        if (a->state == STATE_GREETING) {
                attach_lost(a);
                return;
        }

        timer_set_spare(a, timer, ATTACH_TIMEOUT);
        if (attach_start(a, /* wait= */ false) < 0)
                attach_lost(a);
}

void attach_lost(aemp *a) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        bool was_attached = a->state == STATE_ATTACHED;
        Content reason;

        loop_unwatch_stream(a);
        stream_close(&a->stream);
        held_clear(&a->held);
        a->outgoing.lost = false;
        a->kept.ended = false;
        a->state = STATE_AWAY;
        attach_again(a);
        if (!was_attached)
                return;

        ports_detached(a);
        reason = reason_make(
                &buf, STR_LIT("transport_error"), str_from(a->home.node), STR_LIT("aempd went away"));
        watches_fire(a, &reason);
        nodes_detached(a, &reason);
        hooks_run(a, &a->hooks.detach);
}

void attach_regained(aemp *a) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason;

        funcs_attached(a);
        regs_attached(a);
        nodes_attached(a);
        reason = reason_make(
                &buf, STR_LIT("transport_error"), str_from(a->home.node), STR_LIT("aempd went away"));
        cals_end(a, &reason);
        hooks_run(a, &a->hooks.reattach);
}
