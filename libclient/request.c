/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What aempd asks of us, and tells us
 *
 * The table of docs/attach.md, column "a→c". What it does not know, and what is malformed, is ignored: a
 * newer aempd may say more.
 */

#include "libclient/request.h"

#include "libclient/aemp.h"
#include "libclient/reason.h"

/* Arguments, read one after the other. */
typedef struct Args {
        CborCursor c;
        uint64_t left;
        Buf *scratch;
} Args;

static bool args_str(Args *args, Str *ret) {
        if (args->left == 0 || cbor_read_str_or_null(&args->c, args->scratch, ret) < 0)
                return false;

        args->left--;
        return true;
}

static bool args_bool(Args *args, bool *ret) {
        if (args->left == 0 || cbor_read_bool(&args->c, ret) < 0)
                return false;

        args->left--;
        return true;
}

static Content args_rest(const Args *args) {
        return (Content){args->left, args->c.p, (size_t) (args->c.end - args->c.p)};
}

/* "mon1", name */
static void on_mon1(aemp *a, Args *args) {
        _cleanup_buf_ Buf id = BUF_INIT, buf = BUF_INIT;
        aemp_port *port;
        Content reason;
        Str name;

        if (!args_str(args, &name))
                return;

        port = port_by_name_or_id(a, name);
        if (port) {
                port->watched = true;
                return;
        }

        buf_put(&id, a->home.base, a->home.node_len + 1);
        buf_put_str(&id, name);
        reason = reason_no_such_port(&buf, buf_str(&id));
        tell_own(a, "kil0", name, &reason);
}

/* "mon0", name. One that was spawned is watched as long as it lives. */
static void on_mon0(aemp *a, Args *args) {
        aemp_port *port;
        Str name;

        if (!args_str(args, &name))
                return;

        port = port_by_name_or_id(a, name);
        if (port && !port->named)
                port->watched = false;
}

/* A monitor of ours, if it still is one, is over. */
static void on_end(aemp *a, Str id, const Content *reason) {
        bool crossed = held_take(a, id);

        watch_fire(a, id, reason, crossed);
        if (crossed && a->state == STATE_ATTACHED)
                held_settle(a);
}

/* "kil0", ID, reason... */
static void on_kil0(aemp *a, Args *args) {
        Content reason;
        Str id;

        if (!args_str(args, &id))
                return;

        reason = args_rest(args);
        on_end(a, id, &reason);
}

/* "kil1", name, reason... */
static void on_kil1(aemp *a, Args *args) {
        aemp_port *port;
        Content reason;
        Str name;

        if (!args_str(args, &name))
                return;

        port = port_by_name_or_id(a, name);
        reason = args_rest(args);
        if (port && !cal_kil(port, &reason))
                port_die(port, &reason);
}

/* "down", node, reason...: all monitors have fired. What they sent to ports of ours is delivered before the
 * answer, since the receivers may be the ones who send to that node. A monitor that crossed `down` on its
 * way makes the answer wait (held.h). */
static void on_down(aemp *a, Args *args) {
        Str node;

        if (!args_str(args, &node))
                return;

        local_run(a);
        if (a->state == STATE_ATTACHED)
                held_down(a, node);
}

/* "node", ID, up, reason... */
static void on_node(aemp *a, Args *args) {
        Content reason;
        Str node;
        bool up;

        if (!args_str(args, &node) || !args_bool(args, &up))
                return;

        reason = args_rest(args);
        if (nodes_report(a, node, up, &reason) < 0) { /* somebody would never know */
                a->outgoing.lost = true;
                loop_touch(a);
        }
}

/* "src", node */
static void on_src(aemp *a, Args *args) {
        Str node;

        if (args_str(args, &node))
                origin_set(a, node);
}

/* SPAWN_TAG, name, function, arguments... */
static void on_spawn(aemp *a, Args *args) {
        Str name, function;
        Content rest;

        if (!args_str(args, &name) || !args_str(args, &function))
                return;

        rest = args_rest(args);
        spawn_run(a, name, function, &rest);
}

/* ["reg1", name, port] */
static void refused_name(aemp *a, Args args) {
        Str name, port;

        if (args_str(&args, &name) && args_str(&args, &port))
                regs_refused(a, name, port_by_name_or_id(a, port));
}

/* A request that was refused may be one that somebody waits for: a call, or a monitor. */
static void refused_settle(aemp *a, Str tag, Args args, const Content *reason) {
        Str arg;

        while (args.left > 0 && !aemp_is_closed(a)) {
                if (!args_str(&args, &arg)) {
                        if (cbor_skip(&args.c) < 0)
                                return;
                        args.left--;
                        continue;
                }
                if (str_is(tag, "mon1"))
                        on_end(a, arg, reason);
                else if (cal_refuse(a, arg, reason))
                        return;
        }
}

/* "refused", tag, code, text, arguments... */
static void on_refused(aemp *a, Args *args) {
        Arena arena = ARENA_INIT;
        const char *tag_text, *code_text, *text_text;
        Str tag, code, text;
        const uint8_t *start;

        if (!args_str(args, &tag))
                return;
        start = args->c.p;
        if (!args_str(args, &code) || !args_str(args, &text))
                return;

        tag_text = arena_str(&arena, tag);
        code_text = arena_str(&arena, code);
        text_text = arena_str(&arena, text);
        if (str_is(tag, "reg1"))
                refused_name(a, *args);
        refused_settle(a, tag, *args, &(Content){2, start, (size_t) (args->c.p - start)});
        if (tag_text && code_text && text_text)
                hooks_run_refused(a, tag_text, code_text, text_text);
        arena_deinit(&arena);
}

void request_handle(aemp *a, const Msg *msg) {
        static const struct {
                const char *tag;
                void (*handle)(aemp *a, Args *args);
        } requests[] = {
                {"kil0", on_kil0},
                {"mon1", on_mon1},
                {"mon0", on_mon0},
                {"kil1", on_kil1},
                {"down", on_down},
                {"node", on_node},
                {"refused", on_refused},
                {"src", on_src},
                {SPAWN_TAG, on_spawn},
        };
        _cleanup_buf_ Buf scratch = BUF_INIT; /* not the context's: callbacks use that one */
        Args args = {msg_cursor(msg), msg->n, &scratch};
        Content rest;
        Str tag;

        if (!args_str(&args, &tag))
                return;

        for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
                if (str_is(tag, requests[i].tag)) {
                        requests[i].handle(a, &args);
                        return;
                }

        rest = args_rest(&args);
        (void) func_run(a, NULL, tag, &rest); /* it may have been taken back meanwhile */
}
