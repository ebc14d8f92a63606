/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opening, and what every call asks first
 *
 * A fork must not write into its parent's connection. Asking for the process ID each time would cost more
 * than sending a message; so there is a page of memory which the kernel empties in a child.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "libclient/aemp.h"
#include "libclient/close.h"
#include "wire/id.h"

#define MARK_SIZE 4096U

bool aemp_is_ours(const aemp *a) {
        return *(const volatile uint8_t *) a->mark != 0;
}

int aemp_check(const aemp *a) {
        if (!a)
                return -EINVAL;
        if (!aemp_is_ours(a))
                return -ECHILD;

        return aemp_is_closed(a) ? -ENOTCONN : 0;
}

static int mark_init(uint8_t **ret) {
        uint8_t *mark;
        int r;

        mark = mmap(NULL, MARK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mark == MAP_FAILED)
                return -errno;
        if (madvise(mark, MARK_SIZE, MADV_WIPEONFORK) < 0) {
                r = -errno;
                (void) munmap(mark, MARK_SIZE);
                return r;
        }

        *mark = 1;
        *ret = mark;
        return 0;
}

static int aemp_init(aemp *a, const char *address, const char *program) {
        int r;

        r = mark_init(&a->mark);
        if (r < 0)
                return r;
        if (getrandom(a->seed, sizeof(a->seed), 0) < 0 ||
                getrandom(&a->attach.random, sizeof(a->attach.random), 0) < 0)
                return -errno;
        a->attach.random |= 1;

        r = timers_init(&a->timers);
        if (r < 0)
                return r;
        r = loop_init(&a->loop);
        if (r < 0)
                return r;
        return attach_init(&a->attach, address, program);
}

static aemp *aemp_new(void) {
        aemp *a;

        a = calloc(1, sizeof(*a));
        if (!a)
                return NULL;

        a->ref = 1;
        a->loop.epoll = a->loop.timer = a->loop.wake = -1;
        a->ports = TABLE_INIT(aemp_port, number);
        a->names = TABLE_INIT(Name, hash);
        a->attach.timer.fire = attach_timer_fire;
        stream_init(&a->stream);
        local_init(&a->local);
        watches_init(&a->watches);
        held_init(&a->held);
        kept_init(&a->kept);
        nodes_init(&a->nodes);
        hooks_init(&a->hooks);
        funcs_init(&a->funcs);
        list_init(&a->cals);
        list_init(&a->regs);
        list_init(&a->slots);
        return a;
}

static void aemp_free(aemp *a) {
        if (!aemp_is_closed(a))
                close_all(a);

        attach_deinit(&a->attach);
        stream_deinit(&a->stream);
        loop_deinit(&a->loop);
        timers_deinit(&a->timers);
        context_deinit(&a->context);
        buf_deinit(&a->outgoing.packed);
        home_deinit(&a->home);
        if (a->mark)
                (void) munmap(a->mark, MARK_SIZE);
        free(a);
}

aemp *aemp_ref(aemp *a) {
        if (a)
                a->ref++;
        return a;
}

aemp *aemp_unref(aemp *a) {
        if (!a)
                return NULL;

        if (--a->ref == 0)
                aemp_free(a);
        else if (a->ref == a->holds && !aemp_is_closed(a))
                close_all(a);
        return NULL;
}

void aemp_hold(aemp *a) {
        a->ref++;
        a->holds++;
}

void aemp_release(aemp *a) {
        a->holds--;
        aemp_unref(a);
}

/* aempd's answer; nothing else runs meanwhile. */
static int open_wait(aemp *a) {
        uint64_t end = timer_now() + ATTACH_TIMEOUT;

        for (;;) {
                struct pollfd pfd = {.fd = a->stream.fd, .events = POLLIN};
                uint64_t now = timer_now();
                int r;

                r = attach_input(a);
                if (r != 0)
                        return r;
                if (now >= end)
                        return -ETIMEDOUT;
                if (poll(&pfd, 1, (int) ((end - now) / 1000) + 1) < 0 && errno != EINTR)
                        return -errno;
        }
}

static int open_attach(aemp *a, const char *address, const char *program) {
        int r;

        r = aemp_init(a, address, program);
        if (r < 0)
                return r;
        r = attach_start(a, /* wait= */ true);
        if (r < 0)
                return r;
        return open_wait(a);
}

int aemp_open_error(aemp **ret, const char *address, const char *program, char **ret_error) {
        aemp *a;
        int r;

        if (!ret)
                return -EINVAL;

        a = aemp_new();
        r = a ? open_attach(a, address, program) : -ENOMEM;
        if (r < 0) {
                if (ret_error)
                        *ret_error = strdup(a && a->attach.error[0] ? a->attach.error : strerrordesc_np(-r));
                aemp_unref(a);
                return r;
        }

        *ret = a;
        return 0;
}

int aemp_open(aemp **ret, const char *address, const char *program) {
        return aemp_open_error(ret, address, program, NULL);
}

int aemp_is_attached(aemp *a) {
        return a && aemp_is_ours(a) && a->state == STATE_ATTACHED;
}

const char *aemp_node(aemp *a) {
        return a ? a->home.node : NULL;
}

int aemp_node_of(const char *id, char **ret) {
        Str node, port;
        char *copy;

        if (!id || !ret)
                return -EINVAL;
        port_id_split(str_from(id), &node, &port);
        if (!node_id_is_valid(node))
                return -EINVAL;

        copy = strndup(node.p, node.n);
        if (!copy)
                return -ENOMEM;

        *ret = copy;
        return 0;
}

int aemp_port_is_local(aemp *a, const char *id) {
        Str node, port;
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!id)
                return -EINVAL;

        port_id_split(str_from(id), &node, &port);
        return node.n == 0 || str_is(node, a->home.node);
}
