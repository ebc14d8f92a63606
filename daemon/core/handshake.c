/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Greeting, nonce and auth line: until the last of them is verified, nothing that the other side says is
 * believed.
 */

#include "daemon/core/handshake.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/conn.h"
#include "daemon/core/greeting.h"
#include "daemon/core/remote.h"
#include "daemon/core/text.h"
#include "daemon/core/tie.h"

#define NONCE_LEN 88 /* as many characters as the reference sends */

static const char no_method[] = "no authentication method in common";
static const char no_framing[] = "no framing in common";

Handshake *handshake_free(Handshake *hs) {
        if (!hs)
                return NULL;

        buf_deinit(&hs->greeting);
        buf_deinit(&hs->nonce);
        buf_deinit(&hs->peer_greeting);
        buf_deinit(&hs->peer_nonce);
        buf_deinit(&hs->kept);
        free(hs);
        return NULL;
}

/* --- our lines --------------------------------------------------------------------------------------- */

static void handshake_send_line(Conn *conn, Str line) {
        if (queue_put(&conn->stream.out, line.p, line.n) < 0 || queue_put(&conn->stream.out, "\n", 1) < 0)
                conn_end(conn, "out of memory");
        else
                node_dirty(conn->node, &conn->stream);
}

void handshake_greet(Conn *conn) {
        Node *node = conn->node;
        Handshake *hs = conn->handshake;
        char nonce[NONCE_LEN + 1];

        buf_printf(&hs->greeting, "aemp;1;%s;", node->config.id);
        terms_put_accept(&node->terms, &hs->greeting);
        buf_putc(&hs->greeting, ';');
        terms_put_framings(&node->terms, &hs->greeting);
        greeting_put_key(&hs->greeting, "provider", STR_LIT("aempd-" AEMPD_VERSION));
        if (node->config.tls)
                greeting_put_key(&hs->greeting, "tls", STR_LIT("1.0"));
        greeting_put_key(&hs->greeting, "mproto", STR_LIT("1"));
        greeting_put_key(&hs->greeting, "aempd", STR_LIT("1"));
        greeting_put_key(&hs->greeting, "aempd_start", str_from(node->start));
        greeting_put_key(&hs->greeting, "peeraddr", str_from(conn->address));

        node_random_text(node, nonce, NONCE_LEN);
        buf_put(&hs->nonce, nonce, NONCE_LEN);

        if (buf_error(&hs->greeting) < 0 || buf_error(&hs->nonce) < 0) {
                conn_end(conn, "out of memory");
                return;
        }

        handshake_send_line(conn, buf_str(&hs->greeting));
        handshake_send_line(conn, buf_str(&hs->nonce));
}

int handshake_send_auth(Conn *conn) {
        const Handshake *hs = conn->handshake;
        const AuthLines lines = {
                buf_str(&hs->greeting),
                buf_str(&hs->nonce),
                buf_str(&hs->peer_greeting),
                buf_str(&hs->peer_nonce),
        };
        _cleanup_buf_ Buf line = BUF_INIT;
        int r;

        buf_printf(&line, "%s;", auth_method_to_string(hs->method));
        r = auth_put_token(conn->node->auth, hs->method, &lines, &line);
        if (r < 0) {
                conn_refuse(conn, "can't compute the authentication token");
                return r;
        }

        buf_printf(&line, ";%s", framing_to_string(conn->framing));
        if (buf_error(&line) < 0) {
                conn_end(conn, "out of memory");
                return -ENOMEM;
        }

        conn->auth_sent = true;
        conn->method_sent = auth_method_to_string(hs->method);
        handshake_send_line(conn, buf_str(&line));
        return 0;
}

/* --- meeting ourselves ------------------------------------------------------------------------------- */

/* Is the other end a connection of ours? The one that reads its lines first finds the other there, and tells
 * it: it may be gone when the second reads them. */
static bool handshake_is_own(Conn *conn) {
        Handshake *hs = conn->handshake;

        LIST_FOREACH (i, &conn->node->conns) {
                Conn *other = container_of(i, Conn, by_node);
                Handshake *its = other->handshake;

                if (its && other->incoming != conn->incoming &&
                        str_equal(buf_str(&its->nonce), buf_str(&hs->peer_nonce)) &&
                        str_equal(buf_str(&its->greeting), buf_str(&hs->peer_greeting)))
                        its->own = hs->own = true;
        }

        return hs->own;
}

/* It says that it has our node ID. */
static void handshake_namesake(Conn *conn) {
        static const char why[] =
                "it has my own node ID, but is not myself: each node needs an ID of its own";
        Attempt *attempt = conn->attempt;

        /* of both, who asked for the connection tells it */
        if (handshake_is_own(conn)) {
                if (attempt)
                        attempt->greeted(attempt, NULL);
                conn_end(conn, "connected to myself");
        } else if (attempt) {
                conn_end(conn, why);
        } else {
                node_event(conn->node, EVENT_CONN_REFUSED, conn->node->config.id, conn->address, why);
                conn_end(conn, why);
        }
}

/* --- the peer's greeting ----------------------------------------------------------------------------- */

/* Why is it none that we can answer? NULL: it is one. */
static const char *greeting_fault(const Conn *conn, const Greeting *g) {
        const Handshake *hs = conn->handshake;

        if (!str_is(g->protocol, "aemp"))
                return str_starts_with(g->protocol, STR_LIT("aemp-"))
                        ? "it asks for a protocol that is not known here"
                        : "what it sent is no AEMP greeting";
        if (!str_is(g->version, "1"))
                return "it speaks another version of the protocol, here it is 1";
        if (!node_id_is_valid(g->name))
                return "its node ID is not valid";
        if (str_equal(buf_str(&hs->peer_greeting), buf_str(&hs->greeting)) &&
                str_equal(buf_str(&hs->peer_nonce), buf_str(&hs->nonce)))
                return "it sent our own lines back (echo attack)";

        return NULL;
}

/* Who begins TLS, if anybody: the side with the smaller nonce is the client. */
static StreamTls greeting_tls(const Conn *conn, const Greeting *g) {
        Str ours = buf_str(&conn->handshake->nonce), its = buf_str(&conn->handshake->peer_nonce), version;
        size_t n = ours.n < its.n ? ours.n : its.n;
        int order;

        if (!conn->node->config.tls || !greeting_key(g, "tls", &version) ||
                !str_starts_with(version, STR_LIT("1.")))
                return STREAM_TLS_NONE;

        order = n > 0 ? memcmp(ours.p, its.p, n) : 0;
        if (order == 0)
                order = ours.n < its.n ? -1 : 1;
        return order < 0 ? STREAM_TLS_CLIENT : STREAM_TLS_SERVER;
}

/* Why can nothing that it may send be accepted? NULL: something can. */
static const char *greeting_unacceptable(const Conn *conn, bool tls) {
        const Node *node = conn->node;

        if (terms_accepts_any(&node->terms, tls))
                return NULL;
        if (!auth_can(node->auth, AUTH_HMAC_SHA3_512) && !node->config.tls)
                return "no secret is configured here, so no node can authenticate";
        if (!tls && terms_accepts_any(&node->terms, /* tls= */ true))
                return "it does not offer TLS, without which nothing that it could send is accepted here";
        return "no authentication method is accepted here";
}

/* "it accepts X, here it is Y" */
static void handshake_nothing_in_common(Conn *conn, const char *why, Str its, const Buf *ours) {
        _cleanup_buf_ Buf text = BUF_INIT;
        char clean[200];

        text_clean(clean, sizeof(clean), its);
        buf_printf(&text, "%s: it accepts %s; here it is %.*s", why, clean[0] ? clean : "none",
                (int) (ours->len ?: 4), ours->len ? (const char *) ours->data : "none");
        buf_putc(&text, '\0');
        conn_fail(conn, why, buf_error(&text) < 0 ? why : (const char *) text.data);
}

/* What we are going to send. False: there is nothing, and the connection ends. */
static bool handshake_agree(Conn *conn, const Greeting *g, bool tls) {
        const Terms *terms = &conn->node->terms;
        _cleanup_buf_ Buf ours = BUF_INIT;
        const char *fault;

        fault = greeting_unacceptable(conn, tls);
        if (fault) {
                conn_fail(conn, fault, NULL);
                return false;
        }

        conn->handshake->method = terms_choose(terms, g->auth, tls);
        if (conn->handshake->method == _AUTH_METHOD_INVALID) {
                terms_put_offer(terms, tls, &ours);
                handshake_nothing_in_common(conn, no_method, g->auth, &ours);
                return false;
        }

        conn->framing = terms_choose_framing(terms, g->framings);
        if (conn->framing == _FRAMING_INVALID) {
                terms_put_framings(terms, &ours);
                handshake_nothing_in_common(conn, no_framing, g->framings, &ours);
                return false;
        }

        return true;
}

static void handshake_read_keys(Conn *conn, const Greeting *g) {
        char clean[64];
        Str value;

        conn->aempd = greeting_key(g, "aempd", &value) && str_is(value, "1");
        if (greeting_key(g, "aempd_start", &value) && value.n == START_LEN && text_is_ascii(value))
                memcpy(conn->start, value.p, START_LEN);
        if (greeting_key(g, "provider", &value)) {
                text_clean(clean, sizeof(clean), value);
                free(conn->provider);
                conn->provider = strdup(clean);
        }
}

/* It is some other node: it claims to be conn->remote from now on. */
static void handshake_go_on(Conn *conn, const Greeting *g) {
        StreamTls tls = greeting_tls(conn, g);

        if (tls != STREAM_TLS_NONE &&
                str_equal(buf_str(&conn->handshake->nonce), buf_str(&conn->handshake->peer_nonce))) {
                conn_fail(conn, "its nonce is the same as ours, so neither side can begin TLS", NULL);
                return;
        }
        if (!handshake_agree(conn, g, tls != STREAM_TLS_NONE))
                return;

        conn->stream.tls = tls;
        conn->stream.plain = tls != STREAM_TLS_NONE ? conn->stream.out.len : 0;
        handshake_read_keys(conn, g);
        if (conn->attempt)
                conn->attempt->greeted(conn->attempt, conn->remote);
        tie_greeted(conn);
}

static void handshake_greeting(Conn *conn) {
        Node *node = conn->node;
        const char *fault;
        Greeting g;

        fault = greeting_parse(buf_str(&conn->handshake->peer_greeting), &g) < 0
                ? "what it sent is no AEMP greeting"
                : greeting_fault(conn, &g);
        if (fault) {
                conn_fail(conn, fault, NULL);
                return;
        }
        if (str_equal(g.name, node->id)) {
                handshake_namesake(conn);
                return;
        }

        conn->remote = remote_get(node, g.name);
        if (!conn->remote) {
                conn_end(conn, "out of memory");
                return;
        }
        list_append(&conn->remote->handshakes, &conn->by_remote);
        handshake_go_on(conn, &g);
}

/* --- its auth line ----------------------------------------------------------------------------------- */

static void handshake_auth_failed(Conn *conn, const char *why) {
        conn->node->counters.auth_failed++;
        conn_fail(conn, why, NULL);
}

/* Is it the proof? False: it is not, and the connection ends. */
static bool handshake_check(Conn *conn, AuthMethod method, Str token) {
        const Handshake *hs = conn->handshake;
        const AuthLines lines = {
                buf_str(&hs->peer_greeting),
                buf_str(&hs->peer_nonce),
                buf_str(&hs->greeting),
                buf_str(&hs->nonce),
        };
        int r;

        r = auth_check(conn->node->auth, method, &lines, token);
        if (r < 0)
                conn_refuse(conn, "can't compute the authentication token");
        else if (r == 0)
                handshake_auth_failed(conn,
                        auth_method_is_tls(method) ? "authentication failed: its token is wrong"
                                                   : "authentication failed: it has another secret");
        return r > 0;
}

static void handshake_auth(Conn *conn, Str line) {
        const Terms *terms = &conn->node->terms;
        AuthMethod method;
        Framing framing;
        AuthLine a;

        if (auth_line_parse(line, &a) < 0) {
                conn_fail(conn, "its authentication line is malformed", NULL);
                return;
        }

        method = auth_method_from_string(a.method);
        if (method == _AUTH_METHOD_INVALID || !terms_accepts(terms, method, /* tls= */ true)) {
                handshake_auth_failed(conn, "it uses an authentication method that was not offered");
                return;
        }
        if (!terms_accepts(terms, method, conn_is_tls(conn))) {
                handshake_auth_failed(
                        conn, "it uses an authentication method that means nothing without TLS");
                return;
        }

        framing = framing_from_string(a.framing);
        if (framing == _FRAMING_INVALID || !terms_accepts_framing(terms, framing)) {
                conn_fail(conn, "it uses a framing that was not offered", NULL);
                return;
        }

        if (!handshake_check(conn, method, a.token))
                return;

        conn->handshake->peer_framing = framing;
        conn->method = auth_method_to_string(method);
        conn->state = CONN_VERIFIED;
        source_verified(conn);
        tie_verified(conn);
}

void handshake_line(Conn *conn, Str line) {
        Handshake *hs = conn->handshake;

        switch (conn->state) {
        case CONN_GREETING:
                buf_put_str(&hs->peer_greeting, line);
                conn->state = CONN_NONCE;
                break;
        case CONN_NONCE:
                buf_put_str(&hs->peer_nonce, line);
                if (buf_error(&hs->peer_greeting) < 0 || buf_error(&hs->peer_nonce) < 0) {
                        conn_end(conn, "out of memory");
                        return;
                }
                conn->state = CONN_AUTH;
                handshake_greeting(conn);
                break;
        default:
                handshake_auth(conn, line);
        }
}
