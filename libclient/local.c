/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What this process sends to itself
 *
 * Two buffers take turns, so that delivering allocates nothing and never meets what it causes. Deaths come
 * after the messages of their turn: what a port sent before it died arrives before the news.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/local.h"

#define KEEP_MAX (64 * 1024)

typedef struct LocalHead {
        uint64_t number;
        uint64_t n;
        size_t size;
        LocalKind kind;
} LocalHead;

void local_init(Local *local) {
        list_init(&local->deaths);
}

void local_deinit(Local *local) {
        buf_deinit(&local->waiting);
        buf_deinit(&local->turn);
        while (!list_is_empty(&local->deaths))
                death_free(container_of(local->deaths.next, Death, link));
}

int local_put(aemp *a, LocalKind kind, uint64_t number, const Content *content) {
        LocalHead head = {number, content->n, content->size, kind};
        Buf *waiting = &a->local.waiting;
        uint8_t *room;
        int r;

        room = buf_extend(waiting, sizeof head + content->size);
        if (!room) {
                r = buf_error(waiting);
                waiting->error = 0;
                return r;
        }

        memcpy(room, &head, sizeof head);
        if (content->size > 0)
                memcpy(room + sizeof head, content->data, content->size);
        loop_touch(a);
        return 0;
}

void local_death(aemp *a, Death *death) {
        list_append(&a->local.deaths, &death->link);
        loop_touch(a);
}

bool local_is_empty(const Local *local) {
        return local->waiting.len == 0 && list_is_empty(&local->deaths);
}

static void local_deliver(aemp *a, const LocalHead *head, const uint8_t *data) {
        Content content = {head->n, data, head->size};
        aemp_port *port = port_find(a, head->number);

        if (!port)
                return;

        if (head->kind == LOCAL_KIL)
                port_die(port, &content);
        else
                port_deliver(port, &content);
}

static void local_run_messages(aemp *a) {
        Local *local = &a->local;
        Buf turn = local->waiting;
        LocalHead head;

        local->waiting = local->turn;
        local->turn = turn;

        for (size_t at = 0; at < turn.len && !aemp_is_closed(a); at += sizeof head + head.size) {
                memcpy(&head, turn.data + at, sizeof head);
                local_deliver(a, &head, turn.data + at + sizeof head);
        }

        buf_reset(&local->turn);
        if (local->turn.cap > KEEP_MAX)
                buf_deinit(&local->turn);
}

void local_run(aemp *a) {
        List deaths, *l;

        list_init(&deaths);
        list_move(&deaths, &a->local.deaths);

        if (a->local.waiting.len > 0)
                local_run_messages(a);

        while ((l = list_pop(&deaths)))
                death_fire(a, container_of(l, Death, link));
}
