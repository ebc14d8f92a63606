/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The next message for a port
 *
 * First what came earlier and was kept, then what this process sent to the port itself, then what comes.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/wait.h"
#include "wire/cbor.h"

typedef struct Recv {
        aemp *a;
        aemp_port *port;
        Str tag;       /* .p is NULL: any */
        List *seen;    /* what was kept is not for us up to here */
        aemp_msg *msg; /* that was found */
} Recv;

/* 1: it is the one, and recv->msg is a copy; 0; -ENOMEM. */
static int recv_try(Recv *recv, const Content *content) {
        CborCursor c = cbor_cursor(content->data, content->size);
        Content rest = *content;
        aemp_msg msg;
        Str tag;
        int r;

        if (recv->tag.p) {
                if (content->n == 0)
                        return 0;
                buf_reset(&recv->a->context.scratch);
                r = cbor_read_str(&c, &recv->a->context.scratch, &tag);
                if (r < 0)
                        return r == -ENOMEM ? r : 0;
                if (!str_equal(tag, recv->tag))
                        return 0;
                rest = (Content){content->n - 1, c.p, (size_t) (c.end - c.p)};
        }

        message_init(&msg, &recv->a->context, &rest);
        msg.tag = recv->tag;
        recv->msg = aemp_msg_ref(&msg);
        return recv->msg ? 1 : -ENOMEM;
}

/* As recv_try(); -ESTALE: the port was killed, in front of anything else for us. */
static int recv_kept(Recv *recv) {
        List *items;
        int r;

        if (!recv->port->more)
                return 0;

        items = &recv->port->more->kept;
        for (List *l = recv->seen ? recv->seen->next : items->next; l != items; l = l->next) {
                KeptItem *item = container_of(l, KeptItem, kind_link);
                Content content = kept_content(item);

                if (item->kind == KEPT_KIL) {
                        if (l == items->next)
                                kept_handle(recv->a, item);
                        return -ESTALE;
                }

                r = recv_try(recv, &content);
                if (r > 0)
                        kept_free(recv->a, item);
                if (r != 0)
                        return r;
                recv->seen = l;
        }

        return 0;
}

static int recv_local(Recv *recv) {
        PortMore *more = recv->port->more;
        bool first = !more || list_is_empty(&more->kept);
        Local *local = &recv->a->local;
        LocalKind kind;
        Content content;
        size_t at = 0;
        int r;

        while (local_find(local, recv->port->number, &at, &kind, &content)) {
                if (kind == LOCAL_KIL) {
                        if (first) {
                                port_die(recv->port, &content);
                                local_take(local, at);
                        }
                        return -ESTALE;
                }

                r = recv_try(recv, &content);
                if (r > 0)
                        local_take(local, at);
                if (r != 0)
                        return r;
                first = false;
                at = local_behind(local, at);
        }

        return 0;
}

static int recv_wait(Recv *recv, Wait *wait) {
        int r;

        r = recv_kept(recv);
        if (r == 0)
                r = recv_local(recv); /* no more of these while we wait */

        while (r == 0) {
                r = wait_more(wait, recv->a);
                if (r < 0)
                        return r;
                r = recv->port->a ? recv_kept(recv) : -ESTALE;
        }

        return r;
}

static int recv_message(aemp_port *port, aemp_msg **ret, Str tag, uint64_t timeout) {
        Recv recv = {.port = port, .tag = tag};
        Wait wait;
        int r;

        if (!port || !ret)
                return -EINVAL;
        if (!port->a)
                return -ESTALE;
        recv.a = port->a;
        r = aemp_check(recv.a);
        if (r >= 0)
                r = wait_start(&wait, recv.a, timeout);
        if (r < 0)
                return r;

        r = kept_adopt(recv.a, port);
        if (r < 0)
                return r;

        watches_settle(recv.a);
        aemp_port_ref(port);
        r = recv_wait(&recv, &wait);
        aemp_port_unref(port);
        wait_end(recv.a);
        if (r < 0)
                return r;

        *ret = recv.msg;
        return 0;
}

int aemp_port_recv(aemp_port *port, aemp_msg **ret, uint64_t timeout) {
        return recv_message(port, ret, STR_NULL, timeout);
}

int aemp_port_recv_tag(aemp_port *port, aemp_msg **ret, const char *tag, uint64_t timeout) {
        return tag ? recv_message(port, ret, str_from(tag), timeout) : -EINVAL;
}
