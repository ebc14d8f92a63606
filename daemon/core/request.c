/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/request.h"

#include <errno.h>

#include "daemon/core/admin.h"
#include "daemon/core/func.h"
#include "daemon/core/name.h"
#include "daemon/core/port.h"
#include "daemon/core/spawn.h"

static const char *const request_names[] = {
        "",
        "devnull",
        "snd",
        "relay",
        "time",
        "can",
        "eval",
        "wkp",
        "AnyEvent::MP::_spawn",
        "mon0",
        "mon1",
        "kil0",
        "kil1",
        "g_slave",
        "g_global",
        "g_find",
        "g_found",
};

bool request_is_internal(Str tag) {
        return str_is(tag, "mon0") || str_is(tag, "mon1") || str_is(tag, "kil0") || str_is(tag, "kil1") ||
                str_starts_with(tag, STR_LIT("g_")) || str_starts_with(tag, STR_LIT("aempd::"));
}

static bool request_exists(Str name) {
        for (size_t i = 0; i < sizeof(request_names) / sizeof(*request_names); i++)
                if (str_is(name, request_names[i]))
                        return true;

        return false;
}

int request_str(CborCursor *c, Buf *scratch, Str *ret) {
        int r = cbor_read_str(c, scratch, ret);

        return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

int request_str_or_null(CborCursor *c, Buf *scratch, Str *ret) {
        int r = cbor_read_str_or_null(c, scratch, ret);

        return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

int request_reply(
        Node *node, const Origin *from, CborCursor c, uint64_t n, const Buf *results, uint64_t n_results) {
        _cleanup_buf_ Buf scratch = BUF_INIT, tail = BUF_INIT;
        Msg msg = {};
        int r;

        if (n == 0)
                return 0;
        r = request_str(&c, &scratch, &msg.to);
        if (r < 0)
                return r;

        buf_put(&tail, c.p, (size_t) (c.end - c.p));
        buf_put(&tail, results->data, results->len);
        if (buf_error(&tail) < 0 || buf_error(results) < 0)
                return -ENOMEM;
        if (tail.len + CBOR_HEAD_MAX + msg.to.n + CBOR_HEAD_MAX > node->config.max_message)
                return -EMSGSIZE;

        msg.n = n - 1 + n_results;
        msg.odd = true; /* it may be: these are the asker's elements */
        msg.tail = tail.data;
        msg.tail_len = tail.len;

        return route(node, from, &msg);
}

/* snd, relay: the rest is a message. */
static int request_snd(Node *node, const Origin *from, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Msg msg = {};
        int r;

        r = request_str_or_null(&c, &scratch, &msg.to);
        if (r < 0)
                return r;

        msg.n = n - 1;
        msg.tail = c.p;
        msg.tail_len = (size_t) (c.end - c.p);
        msg.odd = true; /* the flag was the whole message's; looking again is rare and cheap */

        return route(node, from, &msg);
}

static int request_time(Node *node, const Origin *from, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf results = BUF_INIT;

        cbor_put_double(&results, (double) node->realtime / USEC_PER_SEC);
        return request_reply(node, from, c, n, &results, 1);
}

static bool request_is_known(Node *node, const Origin *from, Str name) {
        return request_exists(name) || func_find(node, name) ||
                (from->client && (client_request_exists(name) || admin_knows(name)));
}

static int request_can(Node *node, const Origin *from, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf results = BUF_INIT, scratch = BUF_INIT;
        Str name;
        int r;

        r = request_str_or_null(&c, &scratch, &name);
        if (r < 0)
                return r;

        cbor_put_text(&results, request_is_known(node, from, name) ? STR_LIT("1") : STR_LIT(""));
        return request_reply(node, from, c, n - 1, &results, 1);
}

static int request_wkp(Node *node, const Origin *from, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf results = BUF_INIT, scratch = BUF_INIT;
        const LocalPort *port;
        Str name;
        int r;

        r = request_str(&c, &scratch, &name);
        if (r < 0)
                return r;

        port = name_find(node, name);
        if (port)
                port_put_id(port, &results);
        else
                cbor_put_null(&results);
        return request_reply(node, from, c, n - 1, &results, 1);
}

static int request_eval(Node *node, const Origin *from, CborCursor c, uint64_t n) {
        _cleanup_buf_ Buf results = BUF_INIT;

        if (n == 0 || cbor_skip(&c) < 0)
                return -EINVAL;

        cbor_put_text(&results, STR_LIT("this node is an aempd and has no interpreter"));
        return request_reply(node, from, c, n - 1, &results, 1);
}

int request_common(Node *node, const Origin *from, const Request *request) {
        static const struct {
                const char *tag;
                int (*fn)(Node *node, const Origin *from, CborCursor c, uint64_t n);
        } all[] = {
                {"snd", request_snd},
                {"relay", request_snd},
                {"time", request_time},
                {"can", request_can},
                {"eval", request_eval},
                {"wkp", request_wkp},
        };

        if (request->tag.n == 0 || str_is(request->tag, "devnull"))
                return 1;

        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
                if (str_is(request->tag, all[i].tag))
                        return all[i].fn(node, from, request->args, request->n) ?: 1;

        if (str_is(request->tag, "AnyEvent::MP::_spawn"))
                return spawn_request(node, from, request) ?: 1;

        return func_call(node, from, request);
}
