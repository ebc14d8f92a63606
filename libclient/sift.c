/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What comes while the program waits
 *
 * What runs no callback is handled at once, or a program that only ever waits would gather it: above all it
 * could never again talk to a node that went down once. Where something would run a callback, it and all
 * that has to come behind it are kept:
 *
 * - A port's messages, and its end by `kil1`, are in order. `mon1` and `mon0` may overtake them: the port is
 *   there until it is told to die, and whoever watches it then is told.
 * - `down` is answered when its monitors have fired. So it waits for a kept `kil0` of that node, and for
 *   what callbacks of such sent to ports here.
 * - A function or a port that somebody spawns is a callback, and so is what is sent to it meanwhile.
 */

#include "libclient/sift.h"

#include "libclient/aemp.h"
#include "libclient/request.h"

/* A request, with its arguments still to be read. */
typedef struct Request {
        const Msg *msg;
        CborCursor c;
        uint64_t left;
        Buf scratch;
        Str tag;
} Request;

static bool take_str(Request *q, Str *ret) {
        if (q->left == 0 || cbor_read_str_or_null(&q->c, &q->scratch, ret) < 0)
                return false;

        q->left--;
        return true;
}

/* Of a port of ours, which may be given by its ID. */
static bool take_name(aemp *a, Request *q, Str *ret) {
        Str here = {a->home.base, a->home.node_len + 1};

        if (!take_str(q, ret))
                return false;

        if (str_starts_with(*ret, here))
                *ret = (Str){ret->p + here.n, ret->n - here.n};
        return true;
}

static void keep(aemp *a, const Request *q, KeptKind kind) {
        kept_put(a, kind, NULL, q->msg);
}

/* *ret_known: there is one, or there never will be. */
static aemp_port *port_of(aemp *a, Str name, bool *ret_known) {
        aemp_port *port = port_by_name(a, name);
        uint64_t number;

        *ret_known = port || home_read_name(&a->home, name, &number);
        return port;
}

/* What waits for this death here, but for the call that the program waits for: that ends now. */
static bool sift_end(aemp *a, Str id, const Content *reason) {
        Watch *watch = watch_ended_by(a, id, held_expects(a, id));

        if (!watch)
                return false;

        cal_wait_died(a, watch, reason);
        return !list_is_empty(&watch->death->mons);
}

static void on_kil0(aemp *a, Request *q) {
        Str id;

        if (take_str(q, &id) && sift_end(a, id, &(Content){q->left, q->c.p, (size_t) (q->c.end - q->c.p)}))
                keep(a, q, KEPT_DEATH);
        else
                request_handle(a, q->msg);
}

static void on_down(aemp *a, Request *q) {
        Str node;

        if (!take_str(q, &node))
                return;

        if (kept_has_death_on(a, node) || local_reacts(&a->local))
                keep(a, q, KEPT_OTHER);
        else
                held_down(a, node);
}

static void on_node(aemp *a, Request *q) {
        if (nodes_have_callbacks(a) || a->kept.nodes > 0)
                keep(a, q, KEPT_NODE);
        else
                request_handle(a, q->msg);
}

static void on_src(aemp *a, Request *q) {
        keep(a, q, KEPT_SRC);
}

static void on_mon(aemp *a, Request *q) {
        bool known = true;
        Str name;

        if (take_name(a, q, &name))
                (void) port_of(a, name, &known);
        if (known)
                request_handle(a, q->msg);
        else
                keep(a, q, KEPT_OTHER);
}

static void on_kil1(aemp *a, Request *q) {
        bool known = true;
        aemp_port *port;
        Str name;

        port = take_name(a, q, &name) ? port_of(a, name, &known) : NULL;
        if (port && cal_wait_kil(port, &(Content){q->left, q->c.p, (size_t) (q->c.end - q->c.p)}))
                return;
        if (port && kept_adopt(a, port) < 0)
                a->kept.ended = true;
        if (port && (cal_is_reply(port) || (port->more && !list_is_empty(&port->more->kept))))
                kept_put(a, KEPT_KIL, port, q->msg);
        else if (!known)
                keep(a, q, KEPT_EARLY);
        else
                request_handle(a, q->msg);
}

/* "refused", tag, code, text, arguments... */
static void on_refused(aemp *a, Request *q) {
        bool called = !list_is_empty(&a->hooks.refused), died = false;
        Str tag, code, text, arg;
        Content reason = {.n = 2};

        if (!take_str(q, &tag))
                return;
        reason.data = q->c.p;
        if (!take_str(q, &code) || !take_str(q, &text))
                return;
        reason.size = (size_t) (q->c.p - reason.data);

        while (q->left > 0) {
                if (!take_str(q, &arg)) {
                        if (cbor_skip(&q->c) < 0)
                                return;
                        q->left--;
                } else if (str_is(tag, "mon1")) {
                        died |= sift_end(a, arg, &reason);
                } else if (!cal_wait_refused(a, arg, &reason)) {
                        called |= cal_is_open(a, arg);
                }
        }

        if (called || died)
                keep(a, q, died ? KEPT_DEATH : KEPT_OTHER);
        else
                request_handle(a, q->msg);
}

static void sift_request(aemp *a, const Msg *msg) {
        static const struct {
                const char *tag;
                void (*sift)(aemp *a, Request *q);
        } requests[] = {
                {"kil0", on_kil0},
                {"kil1", on_kil1},
                {"mon1", on_mon},
                {"mon0", on_mon},
                {"down", on_down},
                {"node", on_node},
                {"src", on_src},
                {"refused", on_refused},
        };
        Request q = {.msg = msg, .c = msg_cursor(msg), .left = msg->n};

        if (!take_str(&q, &q.tag) || q.tag.n == 0) {
                buf_deinit(&q.scratch);
                return;
        }

        for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
                if (str_is(q.tag, requests[i].tag)) {
                        requests[i].sift(a, &q);
                        buf_deinit(&q.scratch);
                        return;
                }

        keep(a, &q, KEPT_OTHER);
        buf_deinit(&q.scratch);
}

void sift(aemp *a, const Msg *msg) {
        aemp_port *port;
        bool known;

        if (msg->to.n == 0) {
                sift_request(a, msg);
                return;
        }

        port = port_of(a, msg->to, &known);
        if (!port && !known)
                kept_put(a, KEPT_EARLY, NULL, msg);
        else if (port && !cal_wait_reply(port, &(Content){msg->n, msg->tail, msg->tail_len}))
                kept_put(a, KEPT_MESSAGE, port,
                        &(Msg){.n = msg->n, .tail = msg->tail, .tail_len = msg->tail_len});
}
