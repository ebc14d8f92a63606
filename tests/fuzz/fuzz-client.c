/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What an aempd says to libaemp-client, which may be anything.
 *
 * octets 0 and 1: what the program does in between, and how the rest is cut into pieces. Octet 2, bit 0: the
 * rest begins with aempd's line. Everything else is its messages. What a callback does is up to the message:
 * the sum of its octets.
 */

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>

#include "fuzz.h"
#include "libclient/aemp-client.h"
#include "no-aempd.h"

#define PORTS 4
#define WATCHES 24
#define SECOND UINT64_C(1000000)
#define STEPS_MAX 100
#define ACTS_MAX 300 /* callbacks may cause each other */

/* Something with a slot. */
typedef struct Watch {
        aemp_slot *slot;
        bool once;    /* what it calls is called once at most */
        bool started; /* since it was not dropped */
        unsigned calls;
} Watch;

typedef struct Program {
        aemp *a;
        aemp_port *ports[PORTS];
        Watch watches[WATCHES];
        uint32_t random;
        unsigned acts;
        bool over;      /* closed, or the last reference is gone */
        unsigned depth; /* of aemp_port_run() */
} Program;

static Program program;

/* --- the program -------------------------------------------------------------------------------------- */

static uint32_t next_random(void) {
        program.random ^= program.random << 13;
        program.random ^= program.random >> 17;
        program.random ^= program.random << 5;
        return program.random;
}

static const char *an_id(unsigned n) {
        static const char *const ids[] = {"n#p", "n#q", "n", "m#p", "", "host1", "host1#x", "host1#P1.1",
                "host1#P1.2", "host1#P1.5", "host1#P1.6", "host1#P2.1"};
        const char *own = aemp_port_id(program.ports[n % PORTS]);

        return n % 16 < 12 ? ids[n % 16] : own ?: "n#r";
}

static int act(unsigned n);

/* Everything in it can be read. */
static unsigned look_at(aemp_msg *msg) {
        const void *data, *octets;
        size_t n, size, size2;
        aemp_msg *kept;
        json_t *json;
        const char *s;
        long long i;
        unsigned sum = 0;
        double f;
        int b;

        must(aemp_msg_raw(msg, &n, &data, &size) == 0 && n == aemp_msg_length(msg));
        for (size_t k = 0; k < size; k++)
                sum += ((const uint8_t *) data)[k];
        must(strlen(aemp_msg_tag(msg)) <= 2 * size + 20);
        if (aemp_msg_unpack(msg, "[s%]", &s, &n) >= 0)
                must(s[n] == '\0');
        (void) aemp_msg_unpack(msg, "[I]", &i);
        (void) aemp_msg_unpack(msg, "[f]", &f);
        (void) aemp_msg_unpack(msg, "[b]", &b);
        (void) aemp_msg_unpack(msg, "[b%]", &octets, &size2);
        (void) aemp_msg_unpack(msg, "[s,[i,o],{s?:s}!]", &s, &b, &json, "k", &s);
        if (aemp_msg_json(msg, &json) >= 0)
                json_decref(json);

        kept = aemp_msg_ref(msg);
        must(kept && aemp_msg_length(kept) == aemp_msg_length(msg));
        aemp_msg_unref(kept);
        return sum;
}

/* After this nothing is called. */
static void check_alive(aemp *a) {
        must(!program.over && a == program.a);
        must(aemp_origin(a) && aemp_node(a));
}

/* A message stays as it is until the callback returns, whatever that does. */
static int looked_at_again(aemp_msg *msg, unsigned sum, int r) {
        must(look_at(msg) == sum);
        return r;
}

static int called(Watch *watch, unsigned n) {
        int r;

        must(watch->started);
        must(++watch->calls == 1 || !watch->once);
        r = act(n);
        if (r > 0)
                watch->started = false; /* nothing else was done by then */
        return r;
}

static int on_msg(aemp_port *port, aemp_msg *msg, void *userdata) {
        unsigned n = look_at(msg);

        check_alive(aemp_port_get(port));
        must(aemp_self(program.a) == port && aemp_port_is_alive(port));
        return looked_at_again(msg, n, userdata ? called(userdata, n) : act(n));
}

static int on_mon(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        unsigned n = look_at(reason);

        check_alive(a);
        return looked_at_again(reason, n, called(userdata, n + (unsigned) strlen(id)));
}

static int on_cal(aemp *a, int error, aemp_msg *msg, void *userdata) {
        unsigned n = look_at(msg);

        check_alive(a);
        must(error == 0 || error == -ECONNRESET || error == -ECONNREFUSED || error == -ETIMEDOUT);
        return looked_at_again(msg, n, called(userdata, n));
}

static int on_node(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata) {
        check_alive(a);
        must(aemp_node_is_up(a, node) == up);
        return called(userdata, look_at(reason) + (unsigned) strlen(node));
}

static int on_refused(aemp *a, const char *tag, const char *code, const char *text, void *userdata) {
        check_alive(a);
        return called(userdata, (unsigned) (strlen(tag) + strlen(code) + strlen(text)));
}

static int on_fn(aemp *a, void *userdata) {
        check_alive(a);
        return called(userdata, next_random());
}

static int on_func(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        unsigned n = look_at(args);

        check_alive(a);
        must(aemp_func_name(a) && (!port || aemp_self(a) == port));
        if (port && aemp_msg_length(args) % 2 == 0) {
                (void) aemp_rcv_default(port, on_msg, NULL);
                aemp_port_unref(program.ports[PORTS - 1]);
                program.ports[PORTS - 1] = aemp_port_ref(port);
        }
        return looked_at_again(args, n, called(userdata, n));
}

static int on_port(aemp_port *port, void *userdata) {
        must(aemp_self(program.a) == port);
        return act(next_random());
}

static void drop(Watch *watch) {
        watch->slot = aemp_slot_unref(watch->slot);
        watch->started = false;
        watch->calls = 0;
}

/* Starts something in that place, or stops what is there. */
static void start(Watch *watch, unsigned n) {
        aemp *a = program.a;
        aemp_port *port = program.ports[n / 16 % PORTS];
        const char *id = an_id(n / 64);
        aemp_slot **ret = &watch->slot;
        int r = -EINVAL;

        drop(watch);
        watch->once = false;
        watch->started = true;
        switch (n % 16) {
        case 0:
                r = aemp_rcv(port, ret, "t", on_msg, watch);
                break;
        case 1:
                r = aemp_rcv_match(port, ret, on_msg, watch, "[s,_]", "x");
                break;
        case 2:
                r = aemp_rcv_match(port, ret, on_msg, watch, "[_,{s:_,s:[i,_]}]", "k", "l", 3);
                break;
        case 3:
        case 4:
                watch->once = true;
                r = aemp_mon(a, ret, id, on_mon, watch);
                break;
        case 5:
                r = aemp_mon_kil(a, ret, id, port);
                break;
        case 6:
                r = aemp_mon_snd(a, ret, id, an_id(n / 1024), "[s]", "gone");
                break;
        case 7:
        case 8:
                watch->once = true;
                r = aemp_cal(a, ret, id, n % 3 ? AEMP_INFINITE : n % 2 * SECOND, on_cal, watch, "[s,i]",
                        "time", (int) n);
                break;
        case 9:
                r = aemp_reg(port, ret, n % 64 < 32 ? "name" : "log");
                break;
        case 10:
                r = aemp_func(a, ret, n % 64 < 32 ? "A::" : "A::f", on_func, watch);
                break;
        case 11:
                r = aemp_mon_nodes(a, ret, n % 64 < 48 ? on_node : NULL, watch);
                break;
        case 12:
                watch->once = true;
                r = aemp_after(a, ret, n % 3 * SECOND, on_fn, watch);
                break;
        case 13:
                r = aemp_every(a, ret, SECOND, on_fn, watch);
                break;
        case 14:
                r = aemp_on_refused(a, ret, on_refused, watch);
                break;
        case 15:
                r = n % 64 < 32 ? aemp_on_detach(a, ret, on_fn, watch)
                                : aemp_on_reattach(a, ret, on_fn, watch);
                break;
        }

        if (r < 0)
                watch->slot = NULL;
        watch->started = r >= 0;
        if (r >= 0 && n / 2048 % 2)
                (void) aemp_slot_set_port(watch->slot, port);
}

static void port_again(unsigned n) {
        aemp_port **port = &program.ports[n % PORTS];

        *port = aemp_port_unref(*port);
        (void) aemp_port_new(program.a, port, n % 3 ? on_msg : NULL, NULL);
}

static void spawn(unsigned n) {
        char *id = NULL;

        if (aemp_spawn(program.a, &id, n % 2 ? "n" : "", "A::f", "[i]", (int) n) >= 0)
                (void) aemp_mon_kil(program.a, NULL, id, program.ports[n / 2 % PORTS]);
        free(id);
}

static void finish(bool politely) {
        if (program.over)
                return;

        program.over = true;
        if (politely)
                (void) aemp_close(program.a, 0);
        program.a = aemp_unref(program.a);
}

/* Something, also within callbacks. Returns what they return. */
static int act(unsigned n) {
        aemp_port *port = program.ports[n / 32 % PORTS];
        aemp *a = program.a;
        int r = 0;

        if (program.over || program.acts++ > ACTS_MAX)
                return 0;

        switch (n % 32) {
        case 0 ... 9:
                start(&program.watches[n / 64 % WATCHES], n / 3);
                break;
        case 10 ... 13:
                drop(&program.watches[n / 32 % WATCHES]);
                break;
        case 14:
                (void) aemp_port_kil(port, "[s]", "why");
                break;
        case 15:
                (void) aemp_port_kil(aemp_self(a) ?: port, NULL);
                break;
        case 16:
                port_again(n / 32);
                break;
        case 17:
                (void) aemp_snd(a, an_id(n / 32), "[s,{s:i,s:[i,n]}]", "x", "k", (int) n, "l", 3);
                break;
        case 18:
                (void) aemp_kil(a, an_id(n / 32), "[s]", "why");
                break;
        case 19:
                spawn(n / 32);
                break;
        case 20:
                (void) aemp_rcv_default(port, n % 64 < 32 ? on_msg : NULL, NULL);
                break;
        case 21:
                if (program.depth < 3) {
                        program.depth++;
                        (void) aemp_port_run(port, on_port, NULL);
                        program.depth--;
                }
                break;
        case 22:
                r = 1;
                break;
        case 23:
                r = n % 64 < 32 ? aemp_port_fail(port, -EIO, "text %u", n) : -EIO;
                break;
        case 24:
                (void) aemp_flush(a, 0);
                break;
        case 25:
                (void) aemp_snd_to_func(a, "", "A::f", "[i]", (int) n);
                break;
        case 26:
                (void) aemp_snd_on(a, "n", an_id(n / 32), "[i]", (int) n);
                break;
        case 27:
                (void) aemp_set_queue_bound(a, n / 32 % 3 * 100);
                break;
        case 28:
                if (n / 32 % 8 == 0)
                        finish(n / 256 % 2);
                break;
        default:
                break;
        }
        return r;
}

/* --- in between --------------------------------------------------------------------------------------- */

static void wait_for(unsigned n) {
        aemp_msg *msg = NULL;
        int r;

        if (n % 3 == 0)
                r = aemp_port_recv(program.ports[n / 4 % PORTS], &msg, 0);
        else if (n % 3 == 1)
                r = aemp_port_recv_tag(program.ports[n / 4 % PORTS], &msg, "t", 0);
        else
                r = aemp_cal_wait(program.a, &msg, an_id(n / 4), 0, "[s]", "time");

        must(!!msg == (r >= 0 || r == -ECONNRESET || r == -ECONNREFUSED));
        if (msg)
                (void) look_at(msg);
        aemp_msg_unref(msg);
}

static void turn(void) {
        int r = 1;

        for (int i = 0; i < 20 && r > 0 && !program.over; i++)
                r = aemp_process(program.a);
}

static void step(void) {
        unsigned n = next_random();

        if (program.over)
                return;

        switch (n % 16) {
        case 0 ... 2:
                (void) act(n / 16);
                break;
        case 3 ... 7:
                wait_for(n / 16);
                break;
        case 8:
                sleep_for(1 + n / 16 % 4);
                turn();
                break;
        case 9:
                if (n / 16 % 8 == 0)
                        aempd_hang_up();
                break;
        default:
                turn();
                break;
        }
}

static void begin(void) {
        for (unsigned i = 0; i < PORTS; i++)
                (void) aemp_port_new(program.a, &program.ports[i], i > 1 ? on_msg : NULL, NULL);
        for (unsigned i = 0; i < WATCHES / 2; i++)
                start(&program.watches[i], next_random());
        start(&program.watches[WATCHES - 1], 10);
}

static void end(unsigned how) {
        if (!program.over)
                turn();
        if (how % 2)
                finish(how % 4 == 1);
        for (unsigned i = 0; i < WATCHES; i++)
                drop(&program.watches[i]);
        for (unsigned i = 0; i < PORTS; i++)
                aemp_port_unref(program.ports[i]);
        finish(how % 4 == 2);
        aempd_stop();
}

/* The length of aempd's line in there. */
static size_t line_length(const uint8_t *data, size_t size) {
        const uint8_t *lf = memchr(data, '\n', size);

        return lf ? (size_t) (lf + 1 - data) : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t piece, line = 0;

        if (size < 3)
                return 0;

        program = (Program){.random = 1 + (uint32_t) data[0] * 7919};
        piece = (data[1] + 1u) * (data[1] < 128 ? 1 : 64);
        if (data[2] & 1)
                line = line_length(data + 3, size - 3);
        aempd_start(data[2] & 1 ? (const char *) data + 3 : NULL, line);
        data += 3 + line;
        size -= 3 + line;

        if (aemp_open(&program.a, "unix:path=/fuzz", "fuzz") < 0) {
                program.over = true;
                end(0);
                return 0;
        }

        if (piece < size / STEPS_MAX)
                piece = size / STEPS_MAX;

        begin();
        for (size_t at = 0; at < size; at += piece) {
                aempd_say(data + at, size - at < piece ? size - at : piece);
                step();
        }
        for (int i = 0; i < 4; i++)
                step();
        end(program.random);
        return 0;
}
