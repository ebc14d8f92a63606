/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One fd for everything
 *
 * No wake-up is lost if one rule holds: whenever the program may wait, the loop is settled, or `wake` is
 * readable. So a call outside of a turn makes it readable (once), or leaves it to the attached event loop,
 * which asks before it waits. In a turn nothing of this is done; it ends with settling. Hence no system call
 * a message.
 */

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libclient/aemp.h"
#include "libclient/input.h"
#include "libclient/loop.h"

/* Turns of local deliveries in one of ours, before the program's other business has its turn. */
#define LOCAL_TURNS 16

static int loop_add(Loop *loop, int fd, uint32_t events) {
        struct epoll_event ev = {.events = events, .data.fd = fd};

        return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int fd_or_errno(int fd) {
        return fd < 0 ? -errno : fd;
}

int loop_init(Loop *loop) {
        int r;

        loop->timer_due = UINT64_MAX;
        loop->timer = loop->wake = -1;

        r = loop->epoll = fd_or_errno(epoll_create1(EPOLL_CLOEXEC));
        if (r < 0)
                return r;
        r = loop->timer = fd_or_errno(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
        if (r < 0)
                return r;
        r = loop->wake = fd_or_errno(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (r < 0)
                return r;

        r = loop_add(loop, loop->timer, EPOLLIN);
        if (r < 0)
                return r;
        return loop_add(loop, loop->wake, EPOLLIN);
}

void loop_deinit(Loop *loop) {
        int fds[] = {loop->epoll, loop->timer, loop->wake};

        for (size_t i = 0; i < 3; i++)
                if (fds[i] >= 0)
                        (void) close(fds[i]);
        loop->epoll = loop->timer = loop->wake = -1;
}

static void loop_wake(Loop *loop, bool awake) {
        eventfd_t count;

        if (loop->awake == awake)
                return;

        if (awake)
                (void) eventfd_write(loop->wake, 1);
        else
                (void) eventfd_read(loop->wake, &count);
        loop->awake = awake;
}

bool loop_is_busy(const aemp *a) {
        return a->loop.running || a->context.depth > 0;
}

void loop_touch(aemp *a) {
        Loop *loop = &a->loop;

        if (loop->running || loop->touched || aemp_is_closed(a) || !aemp_is_ours(a))
                return;

        loop->touched = true;
        if (!loop->event)
                loop_wake(loop, true);
}

void loop_watch_stream(aemp *a) {
        uint32_t events = EPOLLIN | (a->stream.blocked ? EPOLLOUT : 0);
        struct epoll_event ev = {.events = events, .data.fd = a->stream.fd};
        Loop *loop = &a->loop;

        if (a->stream.fd < 0 || loop->events == events)
                return;

        (void) epoll_ctl(loop->epoll, loop->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, a->stream.fd, &ev);
        loop->events = events;
}

void loop_unwatch_stream(aemp *a) {
        if (a->loop.events != 0 && aemp_is_ours(a))
                (void) epoll_ctl(a->loop.epoll, EPOLL_CTL_DEL, a->stream.fd, NULL);
        a->loop.events = 0;
}

/* One that is set too early is corrected when it expires; that costs less than following each call's
 * time-out. */
static void loop_set_timer(aemp *a) {
        uint64_t due = timers_due(&a->timers);
        struct itimerspec spec = {
                .it_value.tv_sec = (time_t) (due / 1000000),
                .it_value.tv_nsec = (long) (due % 1000000 * 1000),
        };

        if (due >= a->loop.timer_due)
                return;

        (void) timerfd_settime(a->loop.timer, TFD_TIMER_ABSTIME, &spec, NULL);
        a->loop.timer_due = due;
}

void loop_stop(aemp *a) {
        struct itimerspec never = {0};

        if (!aemp_is_ours(a))
                return;

        loop_unwatch_stream(a);
        loop_wake(&a->loop, false);
        (void) timerfd_settime(a->loop.timer, 0, &never, NULL);
}

static bool loop_is_writable_again(aemp *a) {
        return a->outgoing.full && aemp_get_queued(a) <= a->outgoing.bound / 2;
}

bool loop_is_pending(aemp *a) {
        return !local_is_empty(&a->local) || !kept_is_empty(&a->kept) || a->nodes.fresh ||
                a->outgoing.lost || loop_is_writable_again(a);
}

void loop_settle(aemp *a) {
        watches_settle(a);
        stream_flush(&a->stream);
        loop_watch_stream(a);
        loop_set_timer(a);
        loop_wake(&a->loop, loop_is_pending(a));
        a->loop.touched = false;
}

static void loop_timer_expired(aemp *a) {
        uint64_t count;

        if (read(a->loop.timer, &count, sizeof(count)) < 0)
                return;

        a->loop.timer_due = UINT64_MAX;
        timers_run(a);
}

/* Returns whether there may be more to read. */
static bool loop_poll(aemp *a, bool input) {
        struct epoll_event ev[4];
        bool more = false;
        int n;

        n = epoll_wait(a->loop.epoll, ev, 4, 0);
        for (int i = 0; i < n && !aemp_is_closed(a); i++) {
                if (ev[i].data.fd == a->loop.timer) {
                        loop_timer_expired(a);
                } else if (ev[i].data.fd == a->stream.fd) {
                        if (ev[i].events & EPOLLOUT)
                                a->stream.blocked = false;
                        if (input && ev[i].events & ~(uint32_t) EPOLLOUT)
                                more = input_run(a) || (ev[i].events & EPOLLHUP && a->stream.fd >= 0);
                }
        }
        return more;
}

static bool loop_turn(aemp *a) {
        bool kept, more;

        /* In order: what came while the program waited, its end, what comes now. */
        kept = kept_run(a);
        if (!kept && !aemp_is_closed(a) && (a->kept.ended || a->outgoing.lost))
                attach_lost(a);

        more = loop_poll(a, /* input= */ !kept) || kept;
        for (int i = 0; i < LOCAL_TURNS && !local_is_empty(&a->local); i++)
                local_run(a);
        nodes_run(a);

        stream_flush(&a->stream);
        if (loop_is_writable_again(a)) {
                a->outgoing.full = false;
                hooks_run(a, &a->hooks.writable);
        }
        return more;
}

int aemp_process(aemp *a) {
        bool more;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (loop_is_busy(a))
                return -EBUSY;

        aemp_hold(a);
        a->loop.running = true;
        a->context.error = 0;
        more = loop_turn(a);
        if (!aemp_is_closed(a))
                loop_settle(a);
        a->loop.running = false;
        r = a->context.error ?: more || a->loop.awake;
        aemp_release(a);

        return r;
}

int aemp_get_fd(aemp *a) {
        int r = aemp_check(a);

        return r < 0 ? r : a->loop.epoll;
}

int aemp_wait(aemp *a, uint64_t timeout) {
        struct timespec ts = {(time_t) (timeout / 1000000), (long) (timeout % 1000000 * 1000)};
        struct pollfd pfd = {0};
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (loop_is_busy(a))
                return -EBUSY;

        loop_settle(a);
        if (a->loop.awake)
                return 1;

        pfd = (struct pollfd){.fd = a->loop.epoll, .events = POLLIN};
        r = ppoll(&pfd, 1, timeout == AEMP_INFINITE ? NULL : &ts, NULL);
        return r < 0 ? -errno : r;
}
