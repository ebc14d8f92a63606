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

#define METHOD "hmac_sha3_512"
#define FRAMINGS "cbor"
#define NONCE_LEN 88 /* as many characters as the reference sends */

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

        buf_printf(&hs->greeting, "aemp;1;%s;%s;" FRAMINGS, node->config.id, node->auth ? METHOD : "");
        greeting_put_key(&hs->greeting, "provider", STR_LIT("aempd-" AEMPD_VERSION));
        greeting_put_key(&hs->greeting, "mproto", STR_LIT("1"));
        greeting_put_key(&hs->greeting, "aempd", STR_LIT("1"));
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
        Handshake *hs = conn->handshake;
        _cleanup_buf_ Buf line = BUF_INIT;
        char token[AUTH_TOKEN_LEN + 1];
        int r;

        r = auth_token(conn->node->auth, buf_str(&hs->greeting), buf_str(&hs->nonce),
                buf_str(&hs->peer_greeting), buf_str(&hs->peer_nonce), token);
        if (r < 0) {
                conn_refuse(conn, "can't compute the authentication token");
                return r;
        }

        buf_printf(&line, METHOD ";%s;cbor", token);
        if (buf_error(&line) < 0) {
                conn_end(conn, "out of memory");
                return -ENOMEM;
        }

        conn->auth_sent = true;
        handshake_send_line(conn, buf_str(&line));
        return 0;
}

/* --- the peer's lines -------------------------------------------------------------------------------- */

/* The other end is this very node. */
static void handshake_is_self(Conn *conn) {
        Attempt *attempt = conn->attempt;

        if (attempt)
                attempt->greeted(attempt, NULL);
        else
                node_event(conn->node, EVENT_CONN_REFUSED, conn->node->config.id, conn->address,
                        "connected to myself, or another node has my node ID");
        conn_end(conn, "connected to myself");
}

/* What is wrong with the greeting itself? NULL: nothing. */
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

/* Why can't the handshake go on with it? NULL: it can. */
static const char *greeting_mismatch(const Conn *conn, const Greeting *g) {
        if (!conn->node->auth)
                return "no secret is configured here, so no node can authenticate";
        if (!comma_list_has(g->auth, METHOD))
                return "no authentication method in common (here: " METHOD ")";
        if (!comma_list_has(g->framings, "cbor"))
                return "no framing in common (here: " FRAMINGS ")";

        return NULL;
}

static void handshake_read_keys(Conn *conn, const Greeting *g) {
        char clean[64];
        Str value;

        conn->aempd = greeting_key(g, "aempd", &value) && str_is(value, "1");
        if (greeting_key(g, "provider", &value)) {
                text_clean(clean, sizeof(clean), value);
                free(conn->provider);
                conn->provider = strdup(clean);
        }
}

static void handshake_greeting(Conn *conn) {
        Node *node = conn->node;
        const char *fault;
        Greeting g;

        fault = greeting_parse(buf_str(&conn->handshake->peer_greeting), &g) < 0
                ? "what it sent is no AEMP greeting"
                : greeting_fault(conn, &g);
        if (fault) {
                conn_refuse(conn, fault);
                return;
        }
        if (str_equal(g.name, node->id)) {
                handshake_is_self(conn);
                return;
        }

        conn->remote = remote_get(node, g.name);
        if (!conn->remote) {
                conn_end(conn, "out of memory");
                return;
        }
        list_append(&conn->remote->handshakes, &conn->by_remote);

        fault = greeting_mismatch(conn, &g);
        if (fault) {
                conn_refuse(conn, fault);
                return;
        }

        handshake_read_keys(conn, &g);
        if (conn->attempt)
                conn->attempt->greeted(conn->attempt, conn->remote);
        tie_greeted(conn);
}

static void handshake_auth(Conn *conn, Str line) {
        Handshake *hs = conn->handshake;
        char token[AUTH_TOKEN_LEN + 1];
        AuthLine a;
        int r;

        if (auth_line_parse(line, &a) < 0) {
                conn_refuse(conn, "its authentication line is malformed");
                return;
        }
        if (!str_is(a.method, METHOD)) {
                conn->node->counters.auth_failed++;
                conn_refuse(conn, "it uses an authentication method that was not offered");
                return;
        }
        if (!str_is(a.framing, "cbor")) {
                conn_refuse(conn, "it uses a framing that was not offered");
                return;
        }

        r = auth_token(conn->node->auth, buf_str(&hs->peer_greeting), buf_str(&hs->peer_nonce),
                buf_str(&hs->greeting), buf_str(&hs->nonce), token);
        if (r < 0) {
                conn_refuse(conn, "can't compute the authentication token");
                return;
        }
        if (!auth_token_equal(token, a.token)) {
                conn->node->counters.auth_failed++;
                conn_refuse(conn, "authentication failed: it has another secret");
                return;
        }

        conn->state = CONN_VERIFIED;
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
