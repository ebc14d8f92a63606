/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/pipe.h"

#include <stdlib.h>

struct Segment {
        uint64_t at;
        size_t len;
};

static void pipe_arrive(Alarm *alarm);
static void pipe_expire(Alarm *alarm);

void pipe_init(Pipe *pipe, Sim *sim, const PipeOps *ops) {
        *pipe = (Pipe){.sim = sim, .ops = ops, .capacity = 262144, .window = 131072, .segment = 65536};
        alarm_init(&pipe->arrive, pipe_arrive);
        alarm_init(&pipe->expire, pipe_expire);
}

void pipe_deinit(Pipe *pipe) {
        alarm_clear(pipe->sim, &pipe->arrive);
        alarm_clear(pipe->sim, &pipe->expire);
        queue_deinit(&pipe->data);
        free(pipe->segments);
}

static void *checked(void *p) {
        if (!p)
                abort();
        return p;
}

/* --- segments ---------------------------------------------------------------------------------------- */

static void segment_push(Pipe *pipe, size_t len, uint64_t at) {
        if (pipe->first > 0 && pipe->first + pipe->n == pipe->cap) {
                for (size_t i = 0; i < pipe->n; i++)
                        pipe->segments[i] = pipe->segments[pipe->first + i];
                pipe->first = 0;
        }
        if (pipe->first + pipe->n == pipe->cap) {
                pipe->cap = pipe->cap ? pipe->cap * 2 : 8;
                pipe->segments = checked(realloc(pipe->segments, pipe->cap * sizeof(*pipe->segments)));
        }

        pipe->segments[pipe->first + pipe->n++] = (Segment){at, len};
}

static void pipe_send(Pipe *pipe, size_t n) {
        Rng *rng = &pipe->sim->rng;
        uint64_t earliest = pipe->sim->now + pipe->latency;

        if (pipe->jitter > 0)
                earliest += rng_below(rng, pipe->jitter);

        while (n > 0) {
                size_t len = n < pipe->segment ? n : pipe->segment;

                if (pipe->tiny > 0) {
                        len = rng_between(rng, 1, 4);
                        len = len < n ? len : n;
                        pipe->tiny -= len < pipe->tiny ? len : pipe->tiny;
                } else if (len > 1024) {
                        len = rng_between(rng, 1024, len);
                }

                pipe->last_at = pipe->last_at > earliest ? pipe->last_at : earliest;
                pipe->last_at += len * pipe->octet_ns / 1000;
                segment_push(pipe, len, pipe->last_at);
                n -= len;
        }
}

/* --- acknowledgements -------------------------------------------------------------------------------- */

static size_t pipe_outstanding(const Pipe *pipe) {
        return pipe->data.len - pipe->arrived + pipe->unacked;
}

static void pipe_watch(Pipe *pipe) {
        if (pipe->timeout > 0 && !alarm_is_set(&pipe->expire))
                alarm_set(pipe->sim, &pipe->expire, pipe->since + pipe->timeout);
}

static void pipe_expire(Alarm *alarm) {
        Pipe *pipe = container_of(alarm, Pipe, expire);

        if (pipe_outstanding(pipe) == 0)
                return;

        if (pipe->sim->now >= pipe->since + pipe->timeout)
                pipe->ops->expired(pipe);
        else
                pipe_watch(pipe);
}

/* --- arriving ---------------------------------------------------------------------------------------- */

static void pipe_arm(Pipe *pipe, uint64_t not_before) {
        uint64_t at = pipe->n > 0 ? pipe->segments[pipe->first].at : pipe->last_at;

        if (pipe->stalled || pipe->full || (pipe->n == 0 && (pipe->tail == PIPE_OPEN || pipe->tail_arrived)))
                alarm_clear(pipe->sim, &pipe->arrive);
        else
                alarm_set(pipe->sim, &pipe->arrive, at > not_before ? at : not_before);
}

/* Takes the next segment that is due: false when it can't. */
static bool pipe_take(Pipe *pipe) {
        const Segment *segment = &pipe->segments[pipe->first];

        if (!pipe->ops->open(pipe)) {
                pipe->stalled = true;
                return false;
        }
        if (!pipe->gone && pipe->arrived > 0 && pipe->arrived + segment->len > pipe->window) {
                pipe->full = true;
                return false;
        }

        pipe->arrived += segment->len;
        if (pipe->ops->back_open(pipe))
                pipe->since = pipe->sim->now;
        else
                pipe->unacked += segment->len;
        pipe->first = --pipe->n > 0 ? pipe->first + 1 : 0;
        return true;
}

static void pipe_arrive(Alarm *alarm) {
        Pipe *pipe = container_of(alarm, Pipe, arrive);
        uint64_t now = pipe->sim->now;
        bool any = false, blocked = false;

        while (!blocked && pipe->n > 0 && pipe->segments[pipe->first].at <= now) {
                blocked = !pipe_take(pipe);
                any = any || !blocked;
        }

        if (any && pipe->gone) {
                queue_consume(&pipe->data, pipe->arrived);
                pipe->arrived = 0;
                pipe->ops->nobody(pipe);
                any = false;
        }

        if (!blocked && pipe->n == 0 && pipe->tail != PIPE_OPEN && !pipe->tail_arrived &&
                pipe->last_at <= now) {
                if (pipe->ops->open(pipe))
                        any = pipe->tail_arrived = true;
                else
                        pipe->stalled = true;
        }

        pipe_arm(pipe, 0);
        if (any && !pipe->gone)
                pipe->ops->readable(pipe);
}

/* --- both ends --------------------------------------------------------------------------------------- */

size_t pipe_room(const Pipe *pipe) {
        size_t used = pipe->data.len + pipe->unacked;

        return pipe->tail != PIPE_OPEN || used >= pipe->capacity ? 0 : pipe->capacity - used;
}

size_t pipe_put(Pipe *pipe, const Queue *from, size_t max) {
        size_t room = pipe_room(pipe), moved = 0;
        struct iovec iov[16];
        int n = queue_iov(from, iov, 16);

        room = room < max ? room : max;
        for (int i = 0; i < n && moved < room; i++) {
                size_t len = iov[i].iov_len < room - moved ? iov[i].iov_len : room - moved;

                if (queue_put(&pipe->data, iov[i].iov_base, len) < 0)
                        abort();
                moved += len;
        }

        if (moved == 0)
                return 0;

        if (pipe_outstanding(pipe) == moved)
                pipe->since = pipe->sim->now;
        pipe_send(pipe, moved);
        pipe_watch(pipe);
        pipe_arm(pipe, 0);
        return moved;
}

size_t pipe_peek(const Pipe *pipe, const uint8_t **ret) {
        struct iovec iov;

        if (pipe->arrived == 0 || queue_iov(&pipe->data, &iov, 1) < 1)
                return 0;

        *ret = iov.iov_base;
        return iov.iov_len < pipe->arrived ? iov.iov_len : pipe->arrived;
}

void pipe_consume(Pipe *pipe, size_t n) {
        queue_consume(&pipe->data, n);
        pipe->arrived -= n;

        if (pipe->full) {
                pipe->full = false;
                pipe->since = pipe->sim->now;
                pipe_arm(pipe, pipe->sim->now + pipe->latency);
        }
        pipe->ops->writable(pipe);
}

void pipe_lose(Pipe *pipe) {
        Queue kept = QUEUE_INIT;
        const uint8_t *p;
        size_t n, left = pipe->arrived;

        /* a queue gives from its front only */
        while (left > 0) {
                struct iovec iov;

                (void) queue_iov(&pipe->data, &iov, 1);
                p = iov.iov_base;
                n = iov.iov_len < left ? iov.iov_len : left;
                if (queue_put(&kept, p, n) < 0)
                        abort();
                queue_consume(&pipe->data, n);
                left -= n;
        }

        queue_deinit(&pipe->data);
        pipe->data = kept;
        pipe->first = pipe->n = 0;
        pipe->full = false;
        pipe_arm(pipe, 0);
}

void pipe_end(Pipe *pipe, PipeTail tail) {
        uint64_t earliest = pipe->sim->now + pipe->latency;

        if (pipe->tail == PIPE_RESET || pipe->tail_arrived)
                return;

        if (tail == PIPE_RESET && pipe->full)
                pipe_lose(pipe);
        pipe->tail = tail;
        pipe->last_at = pipe->last_at > earliest ? pipe->last_at : earliest;
        pipe_arm(pipe, 0);
}

void pipe_no_receiver(Pipe *pipe) {
        pipe->gone = true;
        queue_consume(&pipe->data, pipe->arrived);
        pipe->arrived = 0;
        pipe->full = false;
        pipe_arm(pipe, 0);
}

void pipe_resume(Pipe *pipe, uint64_t delay) {
        if (pipe->unacked > 0 && pipe->ops->open(pipe) && pipe->ops->back_open(pipe)) {
                pipe->unacked = 0;
                pipe->since = pipe->sim->now;
        }

        if (pipe->stalled && pipe->ops->open(pipe)) {
                pipe->stalled = false;
                pipe_arm(pipe, pipe->sim->now + delay);
        }
        pipe->ops->writable(pipe);
}
