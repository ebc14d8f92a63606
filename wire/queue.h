/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Octets on their way out
 *
 * A FIFO of octets in chunks. Small appends are copied together into one chunk, so that a turn's messages
 * leave in one write; a large one gets a chunk of its own. An empty queue owns no memory.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct QueueChunk QueueChunk;

typedef struct Queue {
        QueueChunk *head;
        QueueChunk *tail;
        size_t len; /* octets waiting */
} Queue;

#define QUEUE_INIT ((Queue){0})

void queue_deinit(Queue *queue);

/* Contiguous room for n octets at the end, or NULL without memory. queue_commit() makes the first `used` of
 * them part of the queue (used <= n); without it nothing changed. */
uint8_t *queue_reserve(Queue *queue, size_t n);
void queue_commit(Queue *queue, size_t used);

/* 0 or -ENOMEM; all or nothing. */
int queue_put(Queue *queue, const void *data, size_t n);

/* Fills at most max entries with what waits, oldest first; returns how many. */
int queue_iov(const Queue *queue, struct iovec *iov, int max);
/* n octets left; n <= len. */
void queue_consume(Queue *queue, size_t n);

/* Appends all of `from` to `queue`; `from` is empty afterwards. */
void queue_splice(Queue *queue, Queue *from);
