/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/queue.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "tests/unit/test.h"
#include "wire/buf.h"
#include "wire/queue-chunk.h"

#define IOV_MAX_HERE 64

/* All that waits, in one piece. */
static void collect(const Queue *queue, Buf *to) {
        struct iovec iov[IOV_MAX_HERE];
        int n = queue_iov(queue, iov, IOV_MAX_HERE);

        buf_reset(to);
        for (int i = 0; i < n; i++) {
                check_int(iov[i].iov_len, >, 0);
                buf_put(to, iov[i].iov_base, iov[i].iov_len);
        }
}

static int count_chunks(const Queue *queue) {
        struct iovec iov[IOV_MAX_HERE];

        return queue_iov(queue, iov, IOV_MAX_HERE);
}

/* With those that are empty. */
static int count_all_chunks(const Queue *queue) {
        int n = 0;

        for (QueueChunk *chunk = queue->head; chunk; chunk = chunk->next)
                n++;
        return n;
}

static void put(Queue *queue, const char *text) {
        check_int(queue_put(queue, text, strlen(text)), ==, 0);
}

TEST(empty_owns_nothing) {
        Queue queue = QUEUE_INIT;
        struct iovec iov[1];

        check_int(queue_iov(&queue, iov, 1), ==, 0);
        put(&queue, "abc");
        check(queue.head);
        queue_consume(&queue, 3);
        check(!queue.head);
        check(!queue.tail);
        check_int(queue.len, ==, 0);
        queue_deinit(&queue);
}

TEST(small_ones_share_a_chunk) {
        _cleanup_buf_ Buf all = BUF_INIT;
        Queue queue = QUEUE_INIT;

        put(&queue, "abc");
        put(&queue, "");
        put(&queue, "defg");
        check_int(count_chunks(&queue), ==, 1);
        check_int(queue.len, ==, 7);

        queue_consume(&queue, 2);
        collect(&queue, &all);
        check_is(buf_str(&all), "cdefg");
        queue_deinit(&queue);
        check_int(queue.len, ==, 0);
}

TEST(chunk_sizes) {
        Queue queue = QUEUE_INIT;
        size_t usable;

        put(&queue, "a");
        usable = malloc_usable_size(queue.head);
        check_int(usable, <=, 4096);
        check_int(usable, >, 3900);

        while (count_chunks(&queue) < 2)
                put(&queue, "0123456789012345678901234567890123456789");
        usable = malloc_usable_size(queue.tail);
        check_int(usable, <=, 65536);
        check_int(usable, >, 65000);
        queue_deinit(&queue);
}

TEST(large_one_gets_its_own) {
        _cleanup_buf_ Buf all = BUF_INIT;
        size_t n = 1000 * 1000;
        Queue queue = QUEUE_INIT;
        char *large = malloc(n);

        memset(large, 'x', n);
        put(&queue, "before");
        check_int(queue_put(&queue, large, n), ==, 0);
        put(&queue, "after");
        check_int(count_chunks(&queue), ==, 3);

        collect(&queue, &all);
        check_int(all.len, ==, n + 11);
        check_mem(all.data, 6, "before", 6);
        check_mem(all.data + 6, n, large, n);
        check_mem(all.data + 6 + n, 5, "after", 5);

        queue_consume(&queue, 6 + n - 1);
        collect(&queue, &all);
        check_is(buf_str(&all), "xafter");
        queue_consume(&queue, 6);
        check(!queue.head);
        free(large);
}

TEST(reserve_and_commit) {
        _cleanup_buf_ Buf all = BUF_INIT;
        Queue queue = QUEUE_INIT;
        uint8_t *room;

        room = queue_reserve(&queue, 100);
        memcpy(room, "abc", 3);
        check_int(queue.len, ==, 0);
        queue_commit(&queue, 3);
        check_int(queue.len, ==, 3);

        room = queue_reserve(&queue, 3);
        memcpy(room, "def", 3);
        queue_commit(&queue, 3);
        collect(&queue, &all);
        check_is(buf_str(&all), "abcdef");
        queue_deinit(&queue);
}

TEST(reserve_without_commit) {
        _cleanup_buf_ Buf all = BUF_INIT;
        Queue queue = QUEUE_INIT;

        check(queue_reserve(&queue, 10));
        check_int(count_chunks(&queue), ==, 0);
        queue_commit(&queue, 0);
        check(!queue.head);

        put(&queue, "abc");
        check(queue_reserve(&queue, 100 * 1000));
        check(queue_reserve(&queue, 200 * 1000));
        check_int(count_chunks(&queue), ==, 1);
        check_int(count_all_chunks(&queue), ==, 2);
        queue_consume(&queue, 1);
        put(&queue, "def");
        collect(&queue, &all);
        check_is(buf_str(&all), "bcdef");

        check(queue_reserve(&queue, 900 * 1000));
        queue_consume(&queue, 5);
        check(!queue.head);

        check(queue_reserve(&queue, 10));
        queue_deinit(&queue);
}

TEST(no_memory_changes_nothing) {
        _cleanup_buf_ Buf all = BUF_INIT;
        Queue queue = QUEUE_INIT;

        check(!queue_reserve(&queue, SIZE_MAX - 10));
        check(!queue.head);
        put(&queue, "abc");
        check(!queue_reserve(&queue, SIZE_MAX - 10));
        check_int(queue_put(&queue, "", PTRDIFF_MAX), ==, -ENOMEM);
        put(&queue, "def");
        collect(&queue, &all);
        check_is(buf_str(&all), "abcdef");
        queue_deinit(&queue);
}

TEST(iov_is_bounded) {
        Queue queue = QUEUE_INIT;
        struct iovec iov[3];
        char *large = calloc(1, 70 * 1000);

        for (int i = 0; i < 5; i++)
                check_int(queue_put(&queue, large, 70 * 1000), ==, 0);
        check_int(queue_iov(&queue, iov, 3), ==, 3);
        check_int(queue_iov(&queue, iov, 0), ==, 0);
        check_int(count_chunks(&queue), ==, 5);
        queue_deinit(&queue);
        free(large);
}

TEST(splice) {
        _cleanup_buf_ Buf all = BUF_INIT;
        Queue queue = QUEUE_INIT, from = QUEUE_INIT;

        queue_splice(&queue, &from);
        check(!queue.head);

        put(&from, "abc");
        queue_splice(&queue, &from);
        check(!from.head);
        check_int(from.len, ==, 0);
        check_int(queue.len, ==, 3);

        put(&from, "def");
        check(queue_reserve(&queue, 100 * 1000)); /* leaves empty chunks in both */
        check(queue_reserve(&from, 100 * 1000));
        queue_splice(&queue, &from);
        check_int(count_all_chunks(&queue), ==, 2);
        put(&queue, "ghi");
        queue_splice(&queue, &from);
        collect(&queue, &all);
        check_is(buf_str(&all), "abcdefghi");
        check_int(queue.len, ==, 9);
        queue_deinit(&queue);
}

/* Against a plain buffer, with sizes around those of chunks. */
TEST(random_operations) {
        static const size_t sizes[] = {1, 10, 70, 1000, 4000, 4090, 65000, 65536, 70000};
        _cleanup_buf_ Buf model = BUF_INIT, all = BUF_INIT;
        Queue queue = QUEUE_INIT;
        uint8_t next = 0;

        srandom(1);
        for (int i = 0; i < 3000; i++) {
                size_t n = sizes[(size_t) random() % (sizeof(sizes) / sizeof(sizes[0]))];

                if (random() % 5 < 2 && count_chunks(&queue) < IOV_MAX_HERE - 2) {
                        uint8_t *room = queue_reserve(&queue, n);
                        size_t used = random() % 2 ? n : (size_t) random() % (n + 1);

                        memset(room, next, used);
                        queue_commit(&queue, used);
                        if (used > 0)
                                memset(buf_extend(&model, used), next, used);
                        next++;
                } else {
                        if (n > queue.len)
                                n = queue.len;
                        queue_consume(&queue, n);
                        buf_consume(&model, n);
                }

                check_int(queue.len, ==, model.len);
                if (i % 50 == 0 || queue.len == 0) {
                        collect(&queue, &all);
                        check_mem(all.data, all.len, model.data, model.len);
                }
                check((queue.len == 0) == !queue.head);
        }

        queue_deinit(&queue);
}
