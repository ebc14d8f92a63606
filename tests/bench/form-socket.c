/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program at aempd's socket, without a library
 *
 * What docs/attach.md asks for and nothing more: a line each way, then CBOR. Sends [port ID, octets]. Of
 * what comes only arrays of two with octets in them are looked at; anything else is aempd talking to us, and
 * passed over.
 */

#include "tests/bench/form.h"
#include "tests/bench/sock.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/cbor-head.h"
#include "wire/cbor.h"

#define MESSAGE_MAX (128 * 1024)

struct End {
        Sock *sock;
        EndFn fn;
        void *userdata;
        uint8_t start[FORM_ID_MAX + 16]; /* of each message: the array's head and the destination */
        size_t start_len;
};

/* The answer: aemp-client;1;<node ID>;;cbor;prefix=<prefix>;... */
static void socket_answer(char *line, char *ret_id) {
        char *node, *semicolon, *prefix;

        if (strncmp(line, "aemp-client;1;", 14) != 0)
                errx(1, "aempd said: %s", line);

        node = line + 14;
        semicolon = strchr(node, ';');
        prefix = strstr(node, ";prefix=");
        if (!semicolon || !prefix)
                errx(1, "aempd said: %s", line);
        prefix += 8;
        *semicolon = '\0';
        prefix[strcspn(prefix, ";")] = '\0';

        if (snprintf(ret_id, FORM_ID_MAX, "%s#%s1", node, prefix) >= FORM_ID_MAX)
                errx(1, "the prefix is too long");
}

static End *socket_open(const char *path, EndFn fn, void *userdata, char *ret_id) {
        static const char line[] = "aemp-client;1;bench;;cbor\n";
        End *end = calloc(1, sizeof(*end));
        Sock *sock;
        char *lf;

        if (!end)
                err(1, "socket_open");
        sock = sock_open(path);
        *end = (End){.sock = sock, .fn = fn, .userdata = userdata};

        memcpy(sock_extend(sock, sizeof(line) - 1), line, sizeof(line) - 1);
        sock_flush(sock);
        do
                sock_read(sock);
        while (!(lf = memchr(sock->in, '\n', sock->in_len)));
        *lf = '\0';
        socket_answer((char *) sock->in, ret_id);
        sock_used(sock, (size_t) ((uint8_t *) lf + 1 - sock->in));

        return end;
}

static void socket_aim(End *end, const char *id) {
        size_t n = strlen(id);

        end->start_len = cbor_head(end->start, CBOR_MAJOR_ARRAY, 2);
        end->start_len += cbor_head(end->start + end->start_len, CBOR_MAJOR_TEXT, n);
        memcpy(end->start + end->start_len, id, n);
        end->start_len += n;
}

static void socket_put(End *end, const uint8_t *payload, size_t n) {
        uint8_t head[CBOR_HEAD_MAX], *p;
        size_t head_len = cbor_head(head, CBOR_MAJOR_BYTES, n);

        p = sock_extend(end->sock, end->start_len + head_len + n);
        memcpy(p, end->start, end->start_len);
        p += end->start_len;
        memcpy(p, head, head_len);
        memcpy(p + head_len, payload, n);
}

/* The octets in [name, octets], which a link of JSON made a text of: 1; 0: cut off, or something else. */
static int socket_payload(const uint8_t *p, const uint8_t *stop, const uint8_t **ret, size_t *ret_n) {
        CborHead head;

        if (p == stop || *p++ != 0x82)
                return 0;
        if (cbor_head_take(&p, stop, &head) <= 0 || !cbor_head_is_string(&head) ||
                head.value > (size_t) (stop - p))
                return 0;
        p += head.value;
        if (cbor_head_take(&p, stop, &head) <= 0 || !cbor_head_is_string(&head) ||
                head.value > (size_t) (stop - p))
                return 0;

        *ret = p;
        *ret_n = head.value;
        return 1;
}

static void socket_wait(End *end) {
        Sock *sock = end->sock;
        const uint8_t *at = sock->in, *stop;

        sock_flush(sock);
        sock_read(sock);
        stop = sock->in + sock->in_len;

        for (;;) {
                const uint8_t *payload;
                size_t n;
                bool odd;
                int r;

                if (socket_payload(at, stop, &payload, &n)) {
                        end->fn(end->userdata, payload, n);
                        at = payload + n;
                        continue;
                }

                r = cbor_check(at, (size_t) (stop - at), MESSAGE_MAX, &n, &odd);
                if (r == -EAGAIN)
                        break;
                if (r < 0)
                        errx(1, "aempd sent what is no message");
                at += n;
        }
        sock_used(sock, (size_t) (at - sock->in));
}

static void socket_close(End *end) {
        sock_close(end->sock);
        free(end);
}

const Form form_socket = {
        .name = "socket",
        .title = "aempd, without a library",
        .open = socket_open,
        .aim = socket_aim,
        .put = socket_put,
        .wait = socket_wait,
        .close = socket_close,
};
