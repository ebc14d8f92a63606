/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Running in somebody's sd-event loop
 *
 * The loop asks us before it waits: then we write, and say whether there is something to do.
 */

#include <errno.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "libclient/aemp.h"
#include "libclient/event.h"

static int event_prepare(sd_event_source *source, void *userdata) {
        aemp *a = userdata;

        if (!a->loop.running)
                loop_settle(a);
        return 0;
}

static int event_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        aemp *a = userdata;
        int r;

        aemp_hold(a);
        r = aemp_process(a);
        if (r < 0 && a->loop.event)
                (void) sd_event_exit(a->loop.event, r);

        aemp_release(a);
        return 0;
}

static int event_add(aemp *a, sd_event *event, int64_t priority, sd_event_source **ret) {
        sd_event_source *source;
        int r;

        r = sd_event_add_io(event, &source, a->loop.epoll, EPOLLIN, event_ready, a);
        if (r < 0)
                return r;

        r = sd_event_source_set_prepare(source, event_prepare);
        if (r >= 0)
                r = sd_event_source_set_priority(source, priority);
        if (r < 0) {
                sd_event_source_unref(source);
                return r;
        }

        (void) sd_event_source_set_description(source, "aemp");
        *ret = source;
        return 0;
}

int aemp_attach_event(aemp *a, sd_event *event, int64_t priority) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (a->loop.event)
                return -EBUSY;

        if (event)
                sd_event_ref(event);
        else
                r = sd_event_default(&event);
        if (r < 0)
                return r;

        r = event_add(a, event, priority, &a->loop.source);
        if (r < 0) {
                sd_event_unref(event);
                return r;
        }

        a->loop.event = event;
        return 0;
}

void event_detach(aemp *a) {
        if (!a->loop.event)
                return;

        a->loop.source = sd_event_source_disable_unref(a->loop.source);
        a->loop.event = sd_event_unref(a->loop.event);
}

int aemp_detach_event(aemp *a) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;

        event_detach(a);
        if (!a->loop.running)
                loop_settle(a);
        return 0;
}
