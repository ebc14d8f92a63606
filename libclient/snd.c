/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sending
 *
 * A message is its octets, written straight behind those that wait: no allocation, no system call; the
 * turn's end writes them all. A message to a port of ours takes the way through `local`.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/snd.h"
#include "wire/cbor-head.h"
#include "wire/id.h"
#include "wire/msg.h"

/* What waits for aempd is written when it is so much, also in the middle of a turn. */
#define FLUSH_SIZE (64 * 1024)
#define KEEP_MAX (64 * 1024)

int id_check(Str id) {
        if (!id.p)
                return -EINVAL;

        return id.n == 0 || port_id_is_valid(id) ? 0 : -EINVAL;
}

static int snd_bound(aemp *a) {
        if (a->outgoing.bound == 0 || aemp_get_queued(a) <= a->outgoing.bound)
                return 0;

        a->outgoing.full = true;
        return -EAGAIN;
}

/* Something waits to be written. */
static void snd_queued(aemp *a) {
        if (a->stream.out.len >= FLUSH_SIZE)
                stream_flush(&a->stream);
        loop_touch(a);
}

static int destination_check(Outgoing *outgoing, Str to) {
        int r;

        if (str_equal(to, (Str){outgoing->to, outgoing->to_len}))
                return 0;

        r = id_check(to);
        if (r >= 0 && to.n <= sizeof(outgoing->to)) {
                memcpy(outgoing->to, to.p, to.n);
                outgoing->to_len = to.n;
        }
        return r;
}

static int snd_away(aemp *a, Str to, const Content *content) {
        Queue *outlet;
        size_t was;
        int r;

        if (a->state != STATE_ATTACHED)
                return -ENOTCONN;
        if (msg_size_max(to, content->size) > a->home.max_message)
                return -EMSGSIZE;
        r = destination_check(&a->outgoing, to);
        if (r < 0)
                return r;

        outlet = held_outlet(a, to);
        was = outlet->len;
        r = msg_queue(outlet, to, content->n, content->data, content->size);
        if (r < 0)
                return r;

        held_put(a, outlet, outlet->len - was);
        snd_queued(a);
        return 0;
}

int snd(aemp *a, Str to, const Content *content, bool bounded) {
        uint64_t number;
        int r;

        if (bounded) {
                r = snd_bound(a);
                if (r < 0)
                        return r;
        }

        if (home_read_id(&a->home, to, &number))
                return local_put(a, LOCAL_MESSAGE, number, content);

        return snd_away(a, to, content);
}

int snd_check(aemp *a, Str to) {
        uint64_t number;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        r = id_check(to);
        if (r < 0)
                return r;
        if (a->state != STATE_ATTACHED && !home_read_id(&a->home, to, &number))
                return -ENOTCONN;
        return snd_bound(a);
}

static void packed_done(aemp *a) {
        if (a->outgoing.packed.cap > KEEP_MAX)
                buf_deinit(&a->outgoing.packed);
}

int aemp_sndv(aemp *a, const char *to, const char *format, va_list ap) {
        Content content;
        int r;

        r = aemp_check(a);
        if (r >= 0 && !to)
                r = -EINVAL;

        r = pack(r, r < 0 ? NULL : &a->outgoing.packed, &content, format, ap);
        if (r < 0)
                return r;

        r = snd(a, str_from(to), &content, /* bounded= */ true);
        packed_done(a);
        return r;
}

int aemp_snd(aemp *a, const char *to, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_sndv(a, to, format, ap);
        va_end(ap);
        return r;
}

int aemp_snd_json(aemp *a, const char *to, json_t *array) {
        Content content;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!to)
                return -EINVAL;

        r = pack_json(&a->outgoing.packed, &content, array);
        if (r >= 0)
                r = snd(a, str_from(to), &content, /* bounded= */ true);
        packed_done(a);
        return r;
}

int aemp_snd_raw(aemp *a, const char *to, size_t n, const void *data, size_t size) {
        Content content = {n, data, size};
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!to || (!data && size > 0))
                return -EINVAL;
        r = content_check(&content);
        if (r < 0)
                return -EBADMSG;

        return snd(a, str_from(to), &content, /* bounded= */ true);
}

static void tell_into(aemp *a, Queue *outlet, const char *tag, Str arg, const Content *rest) {
        size_t tag_len = strlen(tag), len;
        uint8_t *room;

        if (a->state != STATE_ATTACHED || !aemp_is_ours(a))
                return;

        room = queue_reserve(outlet, 4 * CBOR_HEAD_MAX + tag_len + arg.n + rest->size);
        if (!room) {
                a->outgoing.lost = true;
                loop_touch(a);
                return;
        }

        len = cbor_head(room, CBOR_MAJOR_ARRAY, 2 + !!arg.p + rest->n);
        len += cbor_head(room + len, CBOR_MAJOR_TEXT, 0);
        len += cbor_head(room + len, CBOR_MAJOR_TEXT, tag_len);
        memcpy(room + len, tag, tag_len);
        len += tag_len;
        if (arg.p) {
                len += cbor_head(room + len, CBOR_MAJOR_TEXT, arg.n);
                memcpy(room + len, arg.p, arg.n);
                len += arg.n;
        }
        if (rest->size > 0)
                memcpy(room + len, rest->data, rest->size);

        queue_commit(outlet, len + rest->size);
        held_put(a, outlet, len + rest->size);
        snd_queued(a);
}

void tell(aemp *a, const char *tag, Str arg, const Content *rest) {
        tell_into(a, held_outlet(a, arg), tag, arg, rest);
}

void tell_own(aemp *a, const char *tag, Str arg, const Content *rest) {
        tell_into(a, &a->stream.out, tag, arg, rest);
}

void tell_death(aemp *a, const aemp_port *port, const Content *reason) {
        char room[NAME_ROOM];

        tell_own(a, "kil0", port_name(a, port, room), reason);
}

static int kil(aemp *a, const char *id, const Content *reason) {
        uint64_t number;

        if (home_read_id(&a->home, str_from(id), &number))
                return local_put(a, LOCAL_KIL, number, reason);
        if (!strchr(id, '#') || id[strlen(id) - 1] == '#')
                return 0; /* a node */
        if (a->state != STATE_ATTACHED)
                return -ENOTCONN;
        if (msg_size_max(str_from(id), reason->size) + CBOR_HEAD_MAX + 4 > a->home.max_message)
                return -EMSGSIZE;

        tell(a, "kil1", str_from(id), reason);
        return 0;
}

static int kil_check(aemp *a, const char *id) {
        int r = aemp_check(a);

        return r < 0 ? r : id_check(str_from(id));
}

int aemp_kilv(aemp *a, const char *id, const char *format, va_list ap) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content reason;
        int r;

        r = pack(kil_check(a, id), &buf, &reason, format, ap);
        return r < 0 ? r : kil(a, id, &reason);
}

int aemp_kil(aemp *a, const char *id, const char *format, ...) {
        va_list ap;
        int r;

        va_start(ap, format);
        r = aemp_kilv(a, id, format, ap);
        va_end(ap);
        return r;
}

int aemp_kil_json(aemp *a, const char *id, json_t *reason) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content content;
        int r;

        r = kil_check(a, id);
        if (r >= 0)
                r = pack_json(&buf, &content, reason);
        return r < 0 ? r : kil(a, id, &content);
}

int aemp_set_queue_bound(aemp *a, size_t octets) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;

        a->outgoing.bound = octets;
        loop_touch(a);
        return 0;
}

size_t aemp_get_queued(aemp *a) {
        return a ? a->stream.out.len + a->held.waiting + local_size(&a->local) : 0;
}
