/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The inside of a queue
 *
 * For the one place beside queue.c where a call per message counts.
 */

#include "wire/queue.h"

struct QueueChunk {
        QueueChunk *next;
        size_t start; /* octets before it have left */
        size_t end;
        size_t cap;
        uint8_t data[];
};

/* As queue_reserve(), but NULL as well when that would have to allocate. */
static inline uint8_t *queue_room(const Queue *queue, size_t n) {
        QueueChunk *chunk = queue->tail;

        return chunk && chunk->cap - chunk->end >= n ? chunk->data + chunk->end : NULL;
}

/* As queue_commit(), of at least one octet. */
static inline void queue_add(Queue *queue, size_t used) {
        queue->tail->end += used;
        queue->len += used;
}
