/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A worker, and a supervisor that starts a new one whenever it died
 *
 *     $ ./worker
 *     host1#Zk3mPq81aB.8.1                the supervisor: send it jobs
 *     $ aempctl snd host1#Zk3mPq81aB.8.1 job 21
 *     $ aempctl snd host1#Zk3mPq81aB.8.1 job nonsense
 *
 * The worker needs no code for what it can't do: a callback that returns an error kills its port, whoever
 * watches the port is told why, and the next worker starts with a clean slate. Supervisor and worker are in
 * one process here; they would not notice if they weren't.
 */

#include <aemp-client.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#define RESTART_DELAY 200000 /* microseconds: a worker that dies at once must not keep us busy */

typedef struct Supervisor {
        aemp *a;
        aemp_port *worker; /* NULL while there is none */
} Supervisor;

static int on_work(aemp_port *port, aemp_msg *msg, void *userdata) {
        int n, r;

        r = aemp_msg_unpack(msg, "[i]", &n);
        if (r < 0)
                return r; /* the end of this worker */

        printf("%s: twice %d is %d\n", aemp_port_id(port), n, 2 * n);
        return 0;
}

static int start_worker(aemp *a, void *userdata);

static int on_worker_died(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        Supervisor *s = userdata;
        const char *what = "normal", *text = "";

        (void) aemp_msg_unpack(reason, "[s,s]", &what, &text);
        printf("%s died: %s, %s\n", id, what, text);

        s->worker = aemp_port_unref(s->worker);
        return aemp_after(a, NULL, RESTART_DELAY, start_worker, s);
}

static int start_worker(aemp *a, void *userdata) {
        Supervisor *s = userdata;
        int r;

        r = aemp_port_new(a, &s->worker, NULL, NULL);
        if (r < 0)
                return r;
        r = aemp_rcv(s->worker, NULL, "job", on_work, s);
        if (r < 0)
                return r;
        return aemp_mon(a, NULL, aemp_port_id(s->worker), on_worker_died, s);
}

/* Jobs for the supervisor go on to whoever is the worker now. */
static int on_job(aemp_port *port, aemp_msg *msg, void *userdata) {
        Supervisor *s = userdata;
        const void *data;
        size_t n, size;
        int r;

        if (!s->worker)
                return 0;

        r = aemp_msg_raw(msg, &n, &data, &size);
        if (r < 0)
                return r;
        return aemp_snd_raw(s->a, aemp_port_id(s->worker), n, data, size);
}

int main(void) {
        Supervisor s = {0};
        sd_event *event = NULL;
        aemp_port *port = NULL;
        char *error;
        int r;

        r = aemp_open_error(&s.a, NULL, "worker", &error);
        if (r < 0) {
                fprintf(stderr, "%s\n", error);
                return EXIT_FAILURE;
        }

        setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_event_default(&event);
        if (r >= 0)
                r = aemp_attach_event(s.a, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = aemp_port_new(s.a, &port, on_job, &s);
        if (r >= 0)
                r = start_worker(s.a, &s);
        if (r >= 0) {
                puts(aemp_port_id(port));
                r = sd_event_loop(event);
        }

        aemp_port_unref(s.worker);
        aemp_port_unref(port);
        aemp_unref(s.a);
        sd_event_unref(event);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
