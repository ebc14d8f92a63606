/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Programs with libaemp-client
 *
 * As a user would write them, in two forms: `raw` hands octets in and out, `pack` uses a tag, jansson's pack
 * strings and a callback for the tag. Output is bounded, so that a sender that does not stop by itself sees
 * -EAGAIN.
 */

#include "tests/bench/form.h"

#include <aemp-client.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cbor-head.h"
#include "wire/cbor.h"

#define QUEUE_BOUND (1024 * 1024)

struct End {
        aemp *a;
        aemp_port *port;
        EndFn fn;
        void *userdata;
        char to[FORM_ID_MAX];
        bool came;
        bool writable;
        uint8_t *item; /* the payload as CBOR: the raw form's */
        size_t item_cap;
};

static void must(int r, const char *what) {
        if (r < 0)
                errx(1, "%s: %s", what, strerror(-r));
}

static int on_writable(aemp *a, void *userdata) {
        End *end = userdata;

        end->writable = true;
        return 0;
}

/* Its ports would go on with other IDs, and nothing sent to the old ones comes. */
static int on_detach(aemp *a, void *userdata) {
        errx(1, "aempd is gone, or has cut this program because it was too slow");
}

static int on_raw(aemp_port *port, aemp_msg *msg, void *userdata) {
        End *end = userdata;
        CborHead head;
        const uint8_t *p;
        const void *data;
        size_t n, size;
        int r;

        r = aemp_msg_raw(msg, &n, &data, &size);
        if (r < 0)
                return r;

        p = data;
        if (n != 1 || cbor_head_take(&p, p + size, &head) <= 0 || !cbor_head_is_string(&head))
                return -EBADMSG;

        end->came = true;
        end->fn(end->userdata, p, head.value);
        return 0;
}

static int on_pack(aemp_port *port, aemp_msg *msg, void *userdata) {
        End *end = userdata;
        const char *payload;
        size_t n;
        int r;

        r = aemp_msg_unpack(msg, "[s%]", &payload, &n);
        if (r < 0)
                return r;

        end->came = true;
        end->fn(end->userdata, (const uint8_t *) payload, n);
        return 0;
}

static End *library_open(const char *path, aemp_msg_fn fn, End *end, char *ret_id) {
        char address[512];

        (void) snprintf(address, sizeof(address), "unix:path=%s", path);
        must(aemp_open(&end->a, address, "bench"), address);
        must(aemp_set_queue_bound(end->a, QUEUE_BOUND), "aemp_set_queue_bound");
        must(aemp_on_writable(end->a, NULL, on_writable, end), "aemp_on_writable");
        must(aemp_on_detach(end->a, NULL, on_detach, end), "aemp_on_detach");
        must(aemp_port_new(end->a, &end->port, fn, end), "aemp_port_new");
        (void) snprintf(ret_id, FORM_ID_MAX, "%s", aemp_port_id(end->port));

        return end;
}

static End *end_new(EndFn fn, void *userdata) {
        End *end = calloc(1, sizeof(*end));

        if (!end)
                err(1, "end_new");
        *end = (End){.fn = fn, .userdata = userdata};

        return end;
}

static End *raw_open(const char *path, EndFn fn, void *userdata, char *ret_id) {
        return library_open(path, on_raw, end_new(fn, userdata), ret_id);
}

static End *pack_open(const char *path, EndFn fn, void *userdata, char *ret_id) {
        End *end = library_open(path, NULL, end_new(fn, userdata), ret_id);

        must(aemp_rcv(end->port, NULL, "put", on_pack, end), "aemp_rcv");
        return end;
}

static void library_aim(End *end, const char *id) {
        (void) snprintf(end->to, sizeof(end->to), "%s", id);
}

/* One turn of the program's loop. */
static void library_turn(End *end) {
        must(aemp_wait(end->a, AEMP_INFINITE), "aemp_wait");
        must(aemp_process(end->a), "aemp_process");
        if (!aemp_port_is_alive(end->port))
                errx(1, "the port died");
}

static void library_until_writable(End *end) {
        end->writable = false;
        while (!end->writable)
                library_turn(end);
}

static void raw_put(End *end, const uint8_t *payload, size_t n) {
        size_t head;
        int r;

        if (n + CBOR_HEAD_MAX > end->item_cap) {
                end->item_cap = n + CBOR_HEAD_MAX;
                end->item = realloc(end->item, end->item_cap);
                if (!end->item)
                        err(1, "raw_put");
        }

        head = cbor_head(end->item, CBOR_MAJOR_BYTES, n);
        memcpy(end->item + head, payload, n);

        while ((r = aemp_snd_raw(end->a, end->to, 1, end->item, head + n)) == -EAGAIN)
                library_until_writable(end);
        must(r, "aemp_snd_raw");
}

static void pack_put(End *end, const uint8_t *payload, size_t n) {
        int r;

        while ((r = aemp_snd(end->a, end->to, "[s,s%]", "put", (const char *) payload, n)) == -EAGAIN)
                library_until_writable(end);
        must(r, "aemp_snd");
}

static void library_wait(End *end) {
        end->came = false;
        while (!end->came)
                library_turn(end);
}

static void library_close(End *end) {
        (void) aemp_close(end->a, AEMP_INFINITE);
        aemp_port_unref(end->port);
        aemp_unref(end->a);
        free(end->item);
        free(end);
}

const Form form_raw = {
        .name = "raw",
        .title = "aempd, library, raw form",
        .open = raw_open,
        .aim = library_aim,
        .put = raw_put,
        .wait = library_wait,
        .close = library_close,
};

const Form form_pack = {
        .name = "pack",
        .title = "aempd, library, pack form",
        .open = pack_open,
        .aim = library_aim,
        .put = pack_put,
        .wait = library_wait,
        .close = library_close,
};
