/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/locate.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/dial.h"
#include "daemon/core/remote.h"
#include "daemon/core/seed.h"

/* Of what a node says of itself. */
#define BINDS_MAX 64
#define BIND_LEN_MAX 300

/* --- our side ---------------------------------------------------------------------------------------- */

bool locate_ask(Remote *remote, bool *ret_hope) {
        Node *node = remote->node;

        *ret_hope = seeds_hope(node->seeds);
        if (!node->master || node->master == remote)
                return false;

        tail_begin(&node->tail, "g_find");
        tail_str(&node->tail, remote_str(remote));
        remote_say(node->master);
        return true;
}

/* You are my master: here is where I listen. */
static void locate_tell(Remote *master) {
        Node *node = master->node;
        Buf *to = &node->tail.buf;

        node->master = master;
        tail_begin(&node->tail, "g_slave");
        cbor_put_map(to, 1);
        cbor_put_text(to, STR_LIT("'l"));
        cbor_put_map(to, 1);
        cbor_put_text(to, node->id);
        cbor_put_array(to, node->n_binds);
        for (size_t i = 0; i < node->n_binds; i++)
                cbor_put_str(to, str_from(node->binds[i]));
        node->tail.n++;
        remote_say(master);

        for (Remote *i = node->remotes; i; i = i->hh.next)
                if (i->dial)
                        dial_ask_again(i->dial);
}

void locate_node_up(Remote *remote) {
        Node *node = remote->node;

        if (!node->master && seeds_has(node->seeds, remote))
                locate_tell(remote);
}

void locate_node_down(Remote *remote) {
        Node *node = remote->node;

        if (node->master != remote)
                return;

        node->master = NULL;
        for (Remote *i = node->remotes; i; i = i->hh.next)
                if (i->conn && seeds_has(node->seeds, i)) {
                        locate_tell(i);
                        return;
                }
}

/* --- reading lists of addresses ---------------------------------------------------------------------- */

/* Is there anything that might be host:port? Others, such as unix/:path, are skipped. */
static bool bind_is_usable(Str s) {
        const char *colon = s.p && s.n > 0 ? memrchr(s.p, ':', s.n) : NULL;

        if (!colon || s.n > BIND_LEN_MAX || colon == s.p || memchr(s.p, '/', s.n))
                return false;

        for (const char *p = colon + 1; p < s.p + s.n; p++)
                if (*p < '0' || *p > '9')
                        return false;

        return colon + 1 < s.p + s.n;
}

/* The next element: 1; 0: it is no address, -EBADMSG, -ENOMEM. */
static int bind_read(CborCursor *c, char **ret) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Str s;
        int r;

        r = cbor_read_str(c, &scratch, &s);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return cbor_skip(c);
        if (!bind_is_usable(s))
                return 0;

        *ret = strndup(s.p, s.n);
        return *ret ? 1 : -ENOMEM;
}

/* An array of addresses as a NULL-terminated list; whatever is none is skipped. -EBADMSG: it is no array;
 * null is an empty one. */
static int binds_read(CborCursor *c, char ***ret) {
        size_t n_binds = 0;
        uint64_t n;
        char **binds;
        int r = 0;

        if (cbor_peek(c) == CBOR_NULL || cbor_peek(c) == CBOR_UNDEFINED)
                n = 0;
        else if (cbor_read_array(c, &n) < 0)
                return -EBADMSG;

        binds = calloc(BINDS_MAX + 1, sizeof(*binds));
        if (!binds)
                return -ENOMEM;

        for (uint64_t i = 0; r >= 0 && n_binds < BINDS_MAX && i < n && cbor_peek(c) != CBOR_END; i++) {
                r = bind_read(c, &binds[n_binds]);
                n_binds += r > 0;
        }
        if (r == -ENOMEM) {
                while (n_binds > 0)
                        free(binds[--n_binds]);
                free(binds);
                return r;
        }

        *ret = binds;
        return 0;
}

/* --- requests ---------------------------------------------------------------------------------------- */

/* Looks up a key in the map the cursor stands at: 1, the cursor then stands at its value; 0: it is not
 * there, -ENOMEM. */
static int map_find(CborCursor *c, Str key) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        uint64_t n;
        Str k;
        int r;

        if (cbor_read_map(c, &n) < 0)
                return 0;

        for (uint64_t i = 0; i < n && cbor_peek(c) != CBOR_END; i++) {
                buf_reset(&scratch);
                r = cbor_read_str(c, &scratch, &k);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0 && str_equal(k, key))
                        return 1;
                if ((r < 0 && cbor_skip(c) < 0) || cbor_skip(c) < 0)
                        return 0;
        }

        return 0;
}

int locate_slave(Remote *peer, CborCursor c) {
        char **binds;
        int r;

        r = map_find(&c, STR_LIT("'l"));
        if (r > 0)
                r = map_find(&c, remote_str(peer));
        if (r <= 0)
                return r; /* it says nothing of itself */

        r = binds_read(&c, &binds);
        if (r >= 0)
                remote_set_binds(peer, binds);
        return r == -ENOMEM ? r : 0;
}

int locate_find(Remote *peer, CborCursor c) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Node *node = peer->node;
        Buf *to = &node->tail.buf;
        Remote *remote;
        char **binds;
        size_t n = 0;
        Str id;
        int r;

        r = cbor_read_str(&c, &scratch, &id);
        if (r == -ENOMEM)
                return r;
        /* what can't be an ID is answered as well: a question without an answer would stay open for ever */
        if (r < 0)
                id = STR_NULL;

        remote = remote_find(node, id);
        binds = str_equal(id, node->id) ? node->binds : remote ? remote->binds : NULL;

        tail_begin(&node->tail, "g_found");
        if (id.p)
                tail_str(&node->tail, id);
        else
                tail_null(&node->tail);
        if (binds) {
                while (binds[n])
                        n++;
                cbor_put_array(to, n);
                for (size_t i = 0; i < n; i++)
                        cbor_put_str(to, str_from(binds[i]));
        } else {
                cbor_put_null(to);
        }
        node->tail.n++;
        remote_say(peer);
        return 0;
}

int locate_found(Remote *peer, CborCursor c) {
        _cleanup_buf_ Buf scratch = BUF_INIT;
        Node *node = peer->node;
        Remote *remote;
        char **binds;
        Str id;
        int r;

        if (peer != node->master)
                return 0;
        r = cbor_read_str(&c, &scratch, &id);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        remote = remote_find(node, id);
        if (!remote || !remote->dial)
                return 0;
        r = binds_read(&c, &binds);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        remote_set_binds(remote, binds);
        dial_located(remote->dial, binds[0] != NULL);
        return 0;
}
