/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets on their way out
 *
 * Most endpoints have a few hundred octets waiting for a moment, some have megabytes: so the first chunk is
 * small, those after it are not. Chunks are never moved or resized while octets are in them, which keeps
 * iovecs cheap and splicing free.
 *
 * A chunk without octets exists only as the last one, between queue_reserve() and queue_commit().
 */

#include "wire/queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/queue-chunk.h"

/* With what malloc() adds a page, and sixteen. */
#define CHUNK_OVERHEAD (sizeof(QueueChunk) + 16)
#define CHUNK_FIRST (4096 - CHUNK_OVERHEAD)
#define CHUNK_NEXT (65536 - CHUNK_OVERHEAD)

void queue_deinit(Queue *queue) {
        while (queue->head) {
                QueueChunk *chunk = queue->head;

                queue->head = chunk->next;
                free(chunk);
        }

        *queue = QUEUE_INIT;
}

static QueueChunk *chunk_new(const Queue *queue, size_t n) {
        size_t cap = queue->head ? CHUNK_NEXT : CHUNK_FIRST;
        QueueChunk *chunk;

        if (cap < n && n < CHUNK_NEXT)
                cap = CHUNK_NEXT;
        else if (cap < n)
                cap = n;
        if (cap > PTRDIFF_MAX - sizeof(QueueChunk))
                return NULL;

        chunk = malloc(sizeof(QueueChunk) + cap);
        if (chunk)
                *chunk = (QueueChunk){.cap = cap};
        return chunk;
}

static void queue_link(Queue *queue, QueueChunk *chunk) {
        if (queue->tail)
                queue->tail->next = chunk;
        else
                queue->head = chunk;
        queue->tail = chunk;
}

/* Drops a last chunk that was reserved and not used. */
static void queue_trim(Queue *queue) {
        QueueChunk *last = queue->tail, *before = queue->head;

        if (!last || last->end > last->start)
                return;

        if (before == last) {
                queue_deinit(queue);
                return;
        }

        while (before->next != last)
                before = before->next;
        before->next = NULL;
        queue->tail = before;
        free(last);
}

uint8_t *queue_reserve(Queue *queue, size_t n) {
        uint8_t *room = queue_room(queue, n);
        QueueChunk *chunk;

        if (room)
                return room;

        queue_trim(queue);
        chunk = chunk_new(queue, n);
        if (!chunk)
                return NULL;

        queue_link(queue, chunk);
        return chunk->data;
}

void queue_commit(Queue *queue, size_t used) {
        if (used == 0) {
                queue_trim(queue);
                return;
        }

        assert(queue->tail && queue->tail->cap - queue->tail->end >= used);
        queue_add(queue, used);
}

int queue_put(Queue *queue, const void *data, size_t n) {
        uint8_t *room;

        if (n == 0)
                return 0;

        room = queue_reserve(queue, n);
        if (!room)
                return -ENOMEM;

        memcpy(room, data, n);
        queue_commit(queue, n);
        return 0;
}

int queue_iov(const Queue *queue, struct iovec *iov, int max) {
        int n = 0;

        for (QueueChunk *chunk = queue->head; chunk && n < max; chunk = chunk->next)
                if (chunk->end > chunk->start)
                        iov[n++] = (struct iovec){chunk->data + chunk->start, chunk->end - chunk->start};

        return n;
}

void queue_consume(Queue *queue, size_t n) {
        assert(n <= queue->len);

        queue->len -= n;
        if (queue->len == 0) {
                queue_deinit(queue);
                return;
        }

        while (n > 0) {
                QueueChunk *chunk = queue->head;
                size_t k = chunk->end - chunk->start;

                if (k > n) {
                        chunk->start += n;
                        return;
                }

                n -= k;
                queue->head = chunk->next;
                free(chunk);
        }
}

void queue_splice(Queue *queue, Queue *from) {
        queue_trim(queue);
        queue_trim(from);
        if (!from->head)
                return;

        queue_link(queue, from->head);
        queue->tail = from->tail;
        queue->len += from->len;
        *from = QUEUE_INIT;
}
