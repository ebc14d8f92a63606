/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program at the bare relay
 */

#include "tests/bench/form.h"
#include "tests/bench/sock.h"

#include <err.h>
#include <stdlib.h>

struct End {
        Sock *sock;
        EndFn fn;
        void *userdata;
};

static End *relay_open(const char *path, EndFn fn, void *userdata, char *ret_id) {
        End *end = calloc(1, sizeof(*end));

        if (!end)
                err(1, "relay_open");
        *end = (End){.sock = sock_open(path), .fn = fn, .userdata = userdata};
        *ret_id = '\0';

        return end;
}

/* There is only one it could mean. */
static void relay_aim(End *end, const char *id) {
}

static void relay_put(End *end, const uint8_t *payload, size_t n) {
        uint8_t *p = sock_extend(end->sock, n + 4);
        uint32_t len = htonl((uint32_t) n);

        memcpy(p, &len, 4);
        memcpy(p + 4, payload, n);
}

static void relay_wait(End *end) {
        Sock *sock = end->sock;
        size_t at = 0;

        sock_flush(sock);
        sock_read(sock);

        while (sock->in_len - at >= 4) {
                size_t n = sock_frame_len(sock->in + at);

                if (sock->in_len - at - 4 < n)
                        break;

                end->fn(end->userdata, sock->in + at + 4, n);
                at += n + 4;
        }
        sock_used(sock, at);
}

static void relay_close(End *end) {
        sock_close(end->sock);
        free(end);
}

const Form form_relay = {
        .name = "relay",
        .title = "bare relay",
        .open = relay_open,
        .aim = relay_aim,
        .put = relay_put,
        .wait = relay_wait,
        .close = relay_close,
};
