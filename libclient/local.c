/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What this process sends to itself
 *
 * Two buffers take turns, so that delivering allocates nothing and never meets what it causes. Deaths come
 * after the messages of their turn: what a port sent before it died arrives before the news.
 *
 * Who waits for messages of one port takes them out of the middle. They are only marked, and go when they
 * are most of what is there.
 */

#include "libclient/local.h"

#include "libclient/aemp.h"

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
        if (!local->running) /* else a callback closes, and still has its message */
                buf_deinit(&local->turn);
        local->front = local->taken = 0;
        while (!list_is_empty(&local->deaths))
                death_free(container_of(local->deaths.next, Death, link));
}

int local_put(aemp *a, LocalKind kind, uint64_t number, const Content *content) {
        LocalHead head = {number, content->n, content->size, kind};
        Buf *waiting = &a->local.waiting;
        uint8_t *room;
        int r;

        room = buf_extend(waiting, sizeof(head) + content->size);
        if (!room) {
                r = buf_error(waiting);
                waiting->error = 0;
                return r;
        }

        memcpy(room, &head, sizeof(head));
        if (content->size > 0)
                memcpy(room + sizeof(head), content->data, content->size);
        loop_touch(a);
        return 0;
}

void local_death(aemp *a, Death *death) {
        list_append(&a->local.deaths, &death->link);
        loop_touch(a);
}

size_t local_size(const Local *local) {
        return local->waiting.len - local->taken;
}

bool local_is_empty(const Local *local) {
        return local_size(local) == 0 && list_is_empty(&local->deaths);
}

bool local_reacts(const Local *local) {
        return local->reacts && !local_is_empty(local);
}

static void local_deliver(aemp *a, const LocalHead *head, const uint8_t *data) {
        Content content = {head->n, data, head->size};
        aemp_port *port = port_find(a, head->number);

        if (!port || head->kind == LOCAL_TAKEN)
                return;

        if (head->kind == LOCAL_MESSAGE)
                port_deliver(port, &content);
        else if (!cal_kil(port, &content))
                port_die(port, &content);
}

static void local_run_messages(aemp *a) {
        Local *local = &a->local;
        Buf turn = local->waiting;
        size_t front = local->front;
        LocalHead head;

        local->waiting = local->turn;
        local->turn = turn;
        local->front = local->taken = 0;
        local->running = true;

        for (size_t at = front; at < turn.len && !aemp_is_closed(a); at += sizeof(head) + head.size) {
                memcpy(&head, turn.data + at, sizeof(head));
                local_deliver(a, &head, turn.data + at + sizeof(head));
        }

        local->running = false;
        buf_reset(&local->turn);
        if (local->turn.cap > KEEP_MAX || aemp_is_closed(a))
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

        if (local_is_empty(&a->local))
                a->local.reacts = false;
}

static LocalHead head_at(const Local *local, size_t at) {
        LocalHead head;

        memcpy(&head, local->waiting.data + at, sizeof(head));
        return head;
}

size_t local_behind(const Local *local, size_t at) {
        return at + sizeof(LocalHead) + head_at(local, at).size;
}

bool local_find(const Local *local, uint64_t number, size_t *at, LocalKind *ret_kind, Content *ret) {
        size_t i = *at > local->front ? *at : local->front;

        for (; i < local->waiting.len; i = local_behind(local, i)) {
                LocalHead head = head_at(local, i);

                if (head.number != number || head.kind == LOCAL_TAKEN)
                        continue;

                *at = i;
                *ret_kind = head.kind;
                *ret = (Content){head.n, local->waiting.data + i + sizeof(head), head.size};
                return true;
        }

        return false;
}

/* Moves together what was not taken. */
static void local_compact(Local *local) {
        uint8_t *data = local->waiting.data;
        size_t to = 0;

        for (size_t at = local->front, next; at < local->waiting.len; at = next) {
                next = local_behind(local, at);
                if (head_at(local, at).kind == LOCAL_TAKEN)
                        continue;
                memmove(data + to, data + at, next - at);
                to += next - at;
        }

        local->waiting.len = to;
        local->front = local->taken = 0;
}

/* What is taken goes, when that is worth it. */
static void local_trim(Local *local) {
        Buf *waiting = &local->waiting;

        while (local->front < waiting->len && head_at(local, local->front).kind == LOCAL_TAKEN)
                local->front = local_behind(local, local->front);

        if (local->front == waiting->len) {
                buf_reset(waiting);
                if (waiting->cap > KEEP_MAX)
                        buf_deinit(waiting);
                local->front = local->taken = 0;
                local->reacts = local->reacts && !list_is_empty(&local->deaths);
        } else if (local->taken > KEEP_MAX && local->taken > waiting->len / 2) {
                local_compact(local);
        }
}

void local_take(Local *local, size_t at) {
        LocalHead head = head_at(local, at);

        head.kind = LOCAL_TAKEN;
        memcpy(local->waiting.data + at, &head, sizeof(head));
        local->taken += sizeof(head) + head.size;
        local_trim(local);
}
