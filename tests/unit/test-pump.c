/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets between a socket and the core
 *
 * The other end is a socket of the test, the core a few functions that write down what they are told.
 */

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/io/pump.h"
#include "tests/unit/test.h"

typedef struct Rig {
        PumpRoom *room;
        Pump pump;
        Stream stream;
        int fd; /* the other end */
        size_t in;
        uint8_t first;
        unsigned reads;
        size_t sent;
        char why[128]; /* "" until closed */
        bool gone;

        /* a filter that flips all bits */
        PumpFilter filter;
        size_t tls_at;   /* begins behind so many octets of input; 0: never */
        const char *end; /* what it says to the next octets */
        unsigned slow;   /* in its handshake each input takes so many microseconds; 0: it has none */
        unsigned inputs;
        bool freed;
} Rig;

#define FLIPPED ((uint8_t) ~'x')

static void on_connected(Stream *stream, const char *peer_address) {
}

static size_t on_input(Stream *stream, const uint8_t *data, size_t n) {
        Rig *rig = container_of(stream, Rig, stream);

        check(!rig->why[0]);
        if (rig->tls_at > 0 && !stream->tls && rig->in + n >= rig->tls_at) {
                n = rig->tls_at - rig->in;
                stream->tls = STREAM_TLS_CLIENT;
                stream->plain = stream->out.len;
        }
        if (rig->in == 0)
                rig->first = data[0];
        rig->in += n;
        rig->reads++;
        return n;
}

static void on_sent(Stream *stream) {
        Rig *rig = container_of(stream, Rig, stream);

        rig->sent++;
}

static void on_closed(Stream *stream, const char *why) {
        Rig *rig = container_of(stream, Rig, stream);

        check(!rig->why[0]);
        snprintf(rig->why, sizeof(rig->why), "%s", why);
        queue_deinit(&stream->out);
}

static const StreamOps ops = {
        .connected = on_connected, .input = on_input, .sent = on_sent, .closed = on_closed};

static void on_gone(Pump *pump) {
        Rig *rig = container_of(pump, Rig, pump);

        check(rig->why[0]);
        rig->gone = true;
}

static const char *filter_input(PumpFilter *filter, const uint8_t *data, size_t n) {
        Rig *rig = container_of(filter, Rig, filter);
        uint8_t octet;

        rig->inputs++;
        if (rig->slow > 0 && n > 0)
                (void) usleep(rig->slow);
        for (size_t i = 0; i < n; i++) {
                octet = (uint8_t) ~data[i];
                check_int(octet, ==, 'x');
                stream_input(&rig->stream, &octet, 1);
        }
        if (n > 0 && rig->end) {
                check_int(queue_put(&filter->out, "alert", 5), ==, 0);
                return rig->end;
        }
        return NULL;
}

static int filter_output(PumpFilter *filter) {
        Rig *rig = container_of(filter, Rig, filter);
        size_t n = rig->stream.out.len, room = PUMP_AHEAD_MAX - filter->out.len;
        uint8_t *to;

        check_int(rig->stream.plain, ==, 0);
        n = n < room ? n : room;
        if (n == 0)
                return 0;

        to = queue_reserve(&filter->out, n);
        memset(to, FLIPPED, n);
        queue_commit(&filter->out, n);
        stream_sent(&rig->stream, n);
        return 0;
}

static void filter_finish(PumpFilter *filter) {
        check_int(queue_put(&filter->out, "notify", 6), ==, 0);
}

static PumpFilter *filter_free(PumpFilter *filter) {
        Rig *rig = container_of(filter, Rig, filter);

        rig->freed = true;
        queue_deinit(&filter->out);
        return NULL;
}

static const PumpFilterOps filter_ops = {
        .input = filter_input, .output = filter_output, .finish = filter_finish, .free = filter_free};

static int filter_new(Pump *pump, PumpFilter **ret) {
        Rig *rig = container_of(pump, Rig, pump);

        rig->filter = (PumpFilter){.ops = &filter_ops, .ready = rig->slow == 0};
        *ret = &rig->filter;
        return 0;
}

static void tcp_pair(int fds[2]) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(in);
        int listening = socket(AF_INET, SOCK_STREAM, 0);

        check_int(bind(listening, (struct sockaddr *) &in, len), ==, 0);
        check_int(listen(listening, 1), ==, 0);
        check_int(getsockname(listening, (struct sockaddr *) &in, &len), ==, 0);
        fds[0] = socket(AF_INET, SOCK_STREAM, 0);
        check_int(connect(fds[0], (struct sockaddr *) &in, len), ==, 0);
        fds[1] = accept(listening, NULL, NULL);
        check(fds[1] >= 0);
        close(listening);
}

static void rig_init(Rig *rig, bool tcp) {
        int fds[2], on = 1;

        signal(SIGPIPE, SIG_IGN);
        *rig = (Rig){.stream = {.ops = &ops}};
        list_init(&rig->stream.dirty);
        rig->room = calloc(1, sizeof(*rig->room));
        check_int(sd_event_new(&rig->room->event), ==, 0);

        if (tcp)
                tcp_pair(fds);
        else
                check_int(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);

        check_int(ioctl(fds[0], FIONBIO, &on), ==, 0);
        pump_init(&rig->pump, rig->room, &rig->stream, on_gone);
        rig->pump.filter_new = filter_new;
        check_int(pump_start(&rig->pump, &fds[0]), ==, 0);
        check_int(fds[0], ==, -1);
        rig->fd = fds[1];
}

static void rig_deinit(Rig *rig) {
        if (!rig->gone) {
                pump_deinit(&rig->pump);
                queue_deinit(&rig->stream.out);
        }
        if (rig->fd >= 0)
                close(rig->fd);
        sd_event_unref(rig->room->event);
        free(rig->room);
}

/* Events until there are none; how many. */
static unsigned spin(Rig *rig) {
        unsigned n = 0;

        while (!rig->gone && sd_event_run(rig->room->event, 20000) > 0)
                check_int(++n, <, 10000);
        return n;
}

static void say(Rig *rig, size_t n) {
        uint8_t *octets = calloc(1, n);

        memset(octets, 'x', n);
        check_int(send(rig->fd, octets, n, MSG_NOSIGNAL), ==, (ssize_t) n);
        free(octets);
}

static void put(Rig *rig, size_t n) {
        uint8_t *octets = calloc(1, n);

        check_int(queue_put(&rig->stream.out, octets, n), ==, 0);
        free(octets);
        pump_update(&rig->pump);
}

/* All that can be read now. */
static size_t hear(Rig *rig) {
        uint8_t octets[65536];
        size_t sum = 0;
        ssize_t n;

        while ((n = recv(rig->fd, octets, sizeof(octets), MSG_DONTWAIT)) > 0)
                sum += (size_t) n;
        return sum;
}

static void both(void (*story)(Rig *rig)) {
        for (int tcp = 0; tcp < 2; tcp++) {
                Rig rig;

                rig_init(&rig, tcp);
                story(&rig);
                rig_deinit(&rig);
        }
}

static void in_story(Rig *rig) {
        say(rig, 100000);
        spin(rig);
        check_int(rig->in, ==, 100000);
        check_int(rig->reads, >=, 2);
        check_int(rig->first, ==, 'x');
}
TEST(in) {
        both(in_story);
}

static void out_story(Rig *rig) {
        put(rig, 100000);
        check_int(rig->stream.out.len, ==, 0);
        check_int(rig->sent, ==, 1);
        check_int(hear(rig), ==, 100000);
        check_int(spin(rig), ==, 0);
}
TEST(out) {
        both(out_story);
}

static void full_story(Rig *rig) {
        size_t sum = 0;

        put(rig, 16 << 20);
        check_int(rig->stream.out.len, >, 0);
        check(rig->pump.full);
        while (sum < 16 << 20) {
                sum += hear(rig);
                spin(rig);
        }
        check_int(sum, ==, 16 << 20);
        check(!rig->pump.full);
        check_int(spin(rig), ==, 0);
}
TEST(a_full_socket) {
        both(full_story);
}

static void paused_story(Rig *rig) {
        rig->stream.paused = true;
        pump_update(&rig->pump);
        say(rig, 5);
        check_int(spin(rig), ==, 0);
        check_int(rig->in, ==, 0);
        put(rig, 10);
        check_int(hear(rig), ==, 10);
        rig->stream.paused = false;
        pump_update(&rig->pump);
        spin(rig);
        check_int(rig->in, ==, 5);
}
TEST(paused) {
        both(paused_story);
}

static void eof_story(Rig *rig) {
        say(rig, 70000);
        close(rig->fd);
        rig->fd = -1;
        spin(rig);
        check_int(rig->in, ==, 70000);
        check_str(rig->why, "Unexpected end-of-file");
        check(rig->gone);
}
TEST(end_of_file) {
        both(eof_story);
}

TEST(hang_up_while_paused) {
        Rig rig;

        rig_init(&rig, false);
        rig.stream.paused = true;
        pump_update(&rig.pump);
        say(&rig, 70000);
        close(rig.fd);
        rig.fd = -1;
        spin(&rig);
        check_int(rig.in, ==, 70000);
        check_str(rig.why, "Unexpected end-of-file");
        rig_deinit(&rig);
}

TEST(reset) {
        struct linger linger = {.l_onoff = 1};
        Rig rig;

        rig_init(&rig, true);
        check_int(setsockopt(rig.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), ==, 0);
        close(rig.fd);
        rig.fd = -1;
        spin(&rig);
        check_str(rig.why, "Connection reset by peer");
        rig_deinit(&rig);
}

/* What it said before it went is read after our write failed. */
static void last_words_story(Rig *rig) {
        say(rig, 70000);
        put(rig, 5); /* what it does not read makes a reset of its close */
        close(rig->fd);
        rig->fd = -1;
        put(rig, 10);
        put(rig, 10);
        spin(rig);
        check_int(rig->in, ==, 70000);
        check(rig->gone);
}
TEST(last_words) {
        both(last_words_story);
}

TEST(nobody_reads_but_writes) {
        Rig rig;

        rig_init(&rig, false);
        check_int(shutdown(rig.fd, SHUT_RD), ==, 0);
        say(&rig, 100);
        put(&rig, 10);
        check_int(rig.pump.error, ==, EPIPE);
        check_int(send(rig.fd, "x", 1, MSG_NOSIGNAL), ==, -1);
        spin(&rig);
        check_int(rig.in, ==, 100);
        check_str(rig.why, "Unexpected end-of-file");
        rig_deinit(&rig);
}

static void closing_story(Rig *rig) {
        rig->stream.closing = true;
        put(rig, 1000);
        check(rig->gone);
        check_int(hear(rig), ==, 1000);
}
TEST(closing) {
        both(closing_story);
}

static void closing_input_story(Rig *rig) {
        say(rig, 100000);
        rig->stream.closing = rig->stream.paused = true;
        put(rig, 1000);
        check(!rig->gone);
        say(rig, 0);
        spin(rig);
        check_int(rig->in, ==, 100000);
        check(rig->gone);
        check_int(hear(rig), ==, 1000);
}
TEST(closing_with_input) {
        both(closing_input_story);
}

TEST(closing_is_bounded) {
        Rig rig;

        rig_init(&rig, true);
        say(&rig, 100);
        rig.stream.closing = true;
        pump_update(&rig.pump);
        say(&rig, 1000);
        spin(&rig);
        check_int(rig.in, ==, 100);
        check(rig.gone);
        rig_deinit(&rig);
}

static void closing_full_story(Rig *rig) {
        put(rig, 16 << 20);
        rig->stream.closing = true;
        pump_update(&rig->pump);
        check(rig->gone);
        check_int(hear(rig), >, 0);
}
TEST(closing_a_full_socket) {
        both(closing_full_story);
}

TEST(closing_before_it_began) {
        Rig rig = {.stream = {.ops = &ops}};
        PumpRoom room = {};

        pump_init(&rig.pump, &room, &rig.stream, on_gone);
        pump_update(&rig.pump);
        check(!rig.gone);
        rig.stream.closing = true;
        pump_update(&rig.pump);
        check(rig.gone);
}

/* --- with a filter ----------------------------------------------------------------------------------- */

static void say_octet(Rig *rig, uint8_t octet, size_t n) {
        uint8_t *octets = malloc(n);

        memset(octets, octet, n);
        check_int(send(rig->fd, octets, n, MSG_NOSIGNAL), ==, (ssize_t) n);
        free(octets);
}

static void filter_story(Rig *rig) {
        uint8_t octets[16];

        rig->tls_at = 10;
        check_int(queue_put(&rig->stream.out, "\0\0\0", 3), ==, 0); /* plain: not written yet */
        say(rig, 4);
        spin(rig);
        check_int(rig->in, ==, 4);
        say(rig, 6);
        spin(rig);
        check_int(rig->inputs, ==, 1); /* with nothing */
        check_int(rig->stream.plain, ==, 3);

        put(rig, 2);
        check_int(recv(rig->fd, octets, sizeof(octets), MSG_DONTWAIT), ==, 5);
        check_mem(octets, 5, "\0\0\0\x87\x87", 5);
        say_octet(rig, FLIPPED, 100);
        spin(rig);
        check_int(rig->in, ==, 110);
}
TEST(filter) {
        both(filter_story);
}

static void filter_behind_story(Rig *rig) {
        uint8_t octets[20];

        rig->tls_at = 10;
        memset(octets, 'x', 10);
        memset(octets + 10, FLIPPED, 10);
        check_int(send(rig->fd, octets, 20, MSG_NOSIGNAL), ==, 20);
        spin(rig);
        check_int(rig->in, ==, 20);
        check_int(rig->inputs, ==, 2); /* with nothing first */
}
TEST(filter_right_behind_the_lines) {
        both(filter_behind_story);
}

static void filter_full_story(Rig *rig) {
        size_t sum = 0;

        rig->tls_at = 1;
        say(rig, 1);
        spin(rig);
        put(rig, 16 << 20);
        check(rig->pump.full);
        check_int(rig->filter.out.len, <=, PUMP_AHEAD_MAX);
        while (sum < 16 << 20) {
                sum += hear(rig);
                spin(rig);
                check_int(rig->filter.out.len, <=, PUMP_AHEAD_MAX);
        }
        check_int(sum, ==, 16 << 20);
        check(!rig->pump.full);
}
TEST(filter_and_a_full_socket) {
        both(filter_full_story);
}

static void filter_end_story(Rig *rig) {
        rig->tls_at = 1;
        rig->end = "because";
        say(rig, 1);
        spin(rig);
        check(!rig->gone);
        say_octet(rig, FLIPPED, 9);
        spin(rig);
        check_int(rig->in, ==, 10);
        check_str(rig->why, "because");
        check(rig->freed);
        check_int(hear(rig), ==, 5);
}
TEST(filter_ends) {
        both(filter_end_story);
}

static void filter_closing_story(Rig *rig) {
        rig->tls_at = 1;
        say(rig, 1);
        spin(rig);
        say_octet(rig, FLIPPED, 100000);
        rig->stream.closing = rig->stream.paused = true;
        put(rig, 1000);
        spin(rig);
        check_int(rig->in, ==, 100001);
        check(rig->gone && rig->freed);
        check_int(hear(rig), ==, 1006);
}
TEST(filter_and_closing) {
        both(filter_closing_story);
}

/* What the filter had given already goes out at the end, if there is room again. */
static void filter_closing_full_story(Rig *rig) {
        size_t put_all = 0, heard;

        rig->tls_at = 1;
        say(rig, 1);
        spin(rig);
        while (!rig->pump.full) {
                put(rig, 1000);
                put_all += 1000;
        }
        check_int(rig->stream.out.len, ==, 0);
        check_int(rig->filter.out.len, >, 0);
        heard = hear(rig);
        check_int(heard, <, put_all);
        rig->stream.closing = true;
        pump_update(&rig->pump);
        check(rig->gone);
        check_int(heard + hear(rig), ==, put_all + 6);
}
TEST(filter_and_closing_a_full_socket) {
        both(filter_closing_full_story);
}

/* --- its handshake ----------------------------------------------------------------------------------- */

/* Whatever it takes is bounded for a turn, also when it came with the lines before. */
static void slow_story(Rig *rig) {
        uint8_t octets[20];

        rig->tls_at = 10;
        rig->slow = 2000;
        memset(octets, 'x', 10);
        memset(octets + 10, FLIPPED, 10);
        rig->room->shaken = 999;
        check_int(send(rig->fd, octets, 20, MSG_NOSIGNAL), ==, 20);
        check_int(sd_event_run(rig->room->event, 20000), ==, 1);
        check_int(rig->in, ==, 10);
        rig->room->shaken = 1000;
        for (int i = 0; i < 10; i++)
                check_int(sd_event_run(rig->room->event, 20000), ==, 1); /* it is still told */
        check_int(rig->in, ==, 10);

        rig->room->shaken = 0;
        check_int(sd_event_run(rig->room->event, 20000), ==, 1);
        check_int(rig->in, ==, 20);
        check_int(rig->room->shaken, >=, 2000);
        say_octet(rig, FLIPPED, 1);
        check_int(sd_event_run(rig->room->event, 20000), ==, 1);
        check_int(rig->in, ==, 20);

        rig->filter.ready = true;
        spin(rig);
        check_int(rig->in, ==, 21);
}
TEST(filter_with_a_slow_handshake) {
        both(slow_story);
}

/* What comes without a filter is not looked at twice for ever. */
static void no_filter_story(Rig *rig) {
        say(rig, 100000);
        spin(rig);
        check_int(rig->in, ==, 100000);
        check_int(rig->pump.n_lines, >=, 16384);
        say(rig, 1);
        spin(rig);
        check_int(rig->in, ==, 100001);
        check_int(rig->pump.n_lines, <, 100000);
}
TEST(filter_that_never_comes) {
        both(no_filter_story);
}

/* The end of file, and a reset, while others have their turn. */
TEST(filter_waits_and_all_is_over) {
        for (int tcp = 0; tcp < 2; tcp++) {
                Rig rig;

                rig_init(&rig, tcp);
                rig.tls_at = 1;
                rig.slow = 1;
                say(&rig, 1);
                spin(&rig);
                rig.room->shaken = 1000;
                close(rig.fd);
                rig.fd = -1;
                check_int(sd_event_run(rig.room->event, 20000), ==, 1);
                check(!rig.gone);
                rig.room->shaken = 0;
                spin(&rig);
                check_str(rig.why, "Unexpected end-of-file");
                rig_deinit(&rig);
        }
}
