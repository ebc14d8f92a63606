/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Accepting
 *
 * Without a free descriptor accept() fails and the connection stays in the backlog, so a level-triggered
 * loop would spin. Then accepting rests for a while: whoever is connected already goes on as ever.
 */

#include "daemon/io/acceptor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/io/fd.h"
#include "daemon/log.h"

#define ACCEPT_BATCH 16
#define ACCEPT_REST_USEC 1000000ULL

struct Acceptor {
        sd_event *event;
        sd_event_source *source;
        sd_event_source *timer;
        int fd;
        char *what;
        bool told; /* logged since accepting last worked */
        AcceptorFn fn;
        void *userdata;
};

static int on_rested(sd_event_source *source, uint64_t usec, void *userdata) {
        Acceptor *acceptor = userdata;

        return sd_event_source_set_enabled(acceptor->source, SD_EVENT_ON);
}

static int acceptor_rest(Acceptor *acceptor, int error) {
        uint64_t now;
        int r;

        if (!acceptor->told)
                log_warn("%s: can't accept connections for now: %s", acceptor->what, strerror(error));
        acceptor->told = true;

        r = sd_event_now(acceptor->event, CLOCK_MONOTONIC, &now);
        if (r < 0)
                return r;

        r = sd_event_source_set_time(acceptor->timer, now + ACCEPT_REST_USEC);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(acceptor->timer, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;

        return sd_event_source_set_enabled(acceptor->source, SD_EVENT_OFF);
}

/* Of these the connection died, not we: accept(2) wants them treated like EAGAIN. */
static bool is_transient(int error) {
        switch (error) {
        case ECONNABORTED:
        case EINTR:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
        case ETIMEDOUT:
                return true;
        default:
                return false;
        }
}

static int on_acceptable(sd_event_source *source, int listening, uint32_t revents, void *userdata) {
        Acceptor *acceptor = userdata;

        for (int i = 0; i < ACCEPT_BATCH; i++) {
                struct sockaddr_storage peer = {};
                socklen_t len = sizeof(peer);
                int fd;

                fd = accept4(listening, (struct sockaddr *) &peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) {
                        if (errno == EAGAIN)
                                return 0;
                        if (is_transient(errno))
                                continue;
                        return acceptor_rest(acceptor, errno);
                }

                acceptor->told = false;
                acceptor->fn(acceptor->userdata, fd, (struct sockaddr *) &peer, len);
        }

        return 0;
}

static int acceptor_watch(Acceptor *acceptor, int fd) {
        int r;

        r = sd_event_add_time(acceptor->event, &acceptor->timer, CLOCK_MONOTONIC, 0, 0, on_rested, acceptor);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(acceptor->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        return sd_event_add_io(acceptor->event, &acceptor->source, fd, EPOLLIN, on_acceptable, acceptor);
}

int acceptor_new(
        Acceptor **ret, sd_event *event, int *take_fd, const char *what, AcceptorFn fn, void *userdata) {
        Acceptor *acceptor;
        int r;

        acceptor = malloc(sizeof(*acceptor));
        if (!acceptor)
                return -ENOMEM;

        *acceptor = (Acceptor){.event = sd_event_ref(event),
                .fd = -1,
                .what = strdup(what),
                .fn = fn,
                .userdata = userdata};

        r = acceptor->what ? acceptor_watch(acceptor, *take_fd) : -ENOMEM;
        if (r < 0) {
                acceptor_free(acceptor);
                return r;
        }

        acceptor->fd = fd_steal(take_fd);
        *ret = acceptor;
        return 0;
}

Acceptor *acceptor_free(Acceptor *acceptor) {
        if (!acceptor)
                return NULL;

        sd_event_source_disable_unref(acceptor->source);
        sd_event_source_disable_unref(acceptor->timer);
        fd_close(acceptor->fd);
        sd_event_unref(acceptor->event);
        free(acceptor->what);
        free(acceptor);
        return NULL;
}
