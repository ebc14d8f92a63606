/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The daemon
 *
 * A turn is what was waiting when the loop woke up: all of it goes into the node, then what came out of it
 * is written, each destination once. A loop that never runs dry ends its turn after a number of events all
 * the same.
 *
 * The end of a turn comes between sd_event_prepare() and sd_event_wait(), so that a turn costs one wait and
 * not two. Only where it made or set a source there is a second one, that does not block.
 *
 * The node's deadline moves with every message, the timer does not: it may wake us too early, and is set
 * anew then.
 */

#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "daemon/core/node.h"
#include "daemon/local/local.h"
#include "daemon/log.h"
#include "daemon/net/net.h"
#include "daemon/notify.h"
#include "daemon/reminder.h"
#include "daemon/report.h"

#define TURN_EVENTS_MAX 64
#define STATUS_INTERVAL USEC_PER_SEC
#define REMINDER_INTERVAL (24 * 3600 * USEC_PER_SEC)

struct Daemon {
        sd_event *event;
        const Config *config;
        PumpRoom *room;
        Node *node;
        Net *net;
        Local *local;
        Report report;
        Reminder reminder;

        uint64_t now;    /* monotonic, of this turn */
        unsigned events; /* in this turn */
        bool unprepared; /* its end made or set a source, which sd_event_prepare() has not seen */
        sd_event_source *timer;
        uint64_t timer_at; /* when it wakes us; USEC_INFINITY: not at all */

        uint64_t status_at; /* when STATUS= was sent */
        unsigned status_clients;
        unsigned status_nodes;
};

/* --- the node's edge --------------------------------------------------------------------------------- */

static void edge_random(void *userdata, void *to, size_t n) {
        uint8_t *p = to;

        while (n > 0) {
                ssize_t k = getrandom(p, n, 0);

                if (k > 0) {
                        p += k;
                        n -= (size_t) k;
                }
        }
}

static void edge_connect(void *userdata, Stream *stream, const char *address) {
        Daemon *daemon = userdata;

        daemon->unprepared = true;
        net_connect(daemon->net, stream, address);
}

static void edge_resolve(void *userdata, uint64_t id, const char *address) {
        Daemon *daemon = userdata;

        daemon->unprepared = true;
        net_resolve(daemon->net, id, address);
}

static void edge_event(void *userdata, const Event *event) {
        Daemon *daemon = userdata;

        report_event(&daemon->report, event, daemon->now);
}

static const NodeEdge edge = {
        .random = edge_random,
        .connect = edge_connect,
        .resolve = edge_resolve,
        .event = edge_event,
};

/* --- turns ------------------------------------------------------------------------------------------- */

static void begin_event(Daemon *daemon) {
        uint64_t realtime = 0;

        /* Both were read when the loop woke up. */
        (void) sd_event_now(daemon->event, CLOCK_MONOTONIC, &daemon->now);
        (void) sd_event_now(daemon->event, CLOCK_REALTIME, &realtime);
        node_set_time(daemon->node, daemon->now, realtime);
}

static void flush(Daemon *daemon) {
        Stream *stream;

        while ((stream = node_next_dirty(daemon->node)))
                if (stream->edge)
                        pump_update(stream->edge);
                else if (stream->closing)
                        stream_closed(stream, "no connection was begun"); /* there was no memory for it */
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;

        daemon->timer_at = USEC_INFINITY;
        return 0;
}

static int arm_timer(Daemon *daemon) {
        uint64_t deadline = node_deadline(daemon->node);
        int r;

        if (deadline >= daemon->timer_at)
                return 0;

        r = sd_event_source_set_time(daemon->timer, deadline);
        if (r < 0)
                return r;

        daemon->timer_at = deadline;
        daemon->unprepared = true;
        return sd_event_source_set_enabled(daemon->timer, SD_EVENT_ONESHOT);
}

/* For `systemctl status`: at most once a second, and only what changed. */
static void tell_status(Daemon *daemon) {
        unsigned clients = node_clients(daemon->node), nodes = node_peers_up(daemon->node);

        if (daemon->now - daemon->status_at < STATUS_INTERVAL ||
                (clients == daemon->status_clients && nodes == daemon->status_nodes))
                return;

        (void) notify_now("STATUS=Node %s: %u clients, %u nodes up", node_id(daemon->node), clients, nodes);
        daemon->status_at = daemon->now;
        daemon->status_clients = clients;
        daemon->status_nodes = nodes;
}

static int end_turn(Daemon *daemon) {
        daemon->events = 0;
        daemon->room->shaken = 0;

        if (node_deadline(daemon->node) <= daemon->now)
                node_tick(daemon->node);

        flush(daemon);
        tell_status(daemon);
        return arm_timer(daemon);
}

/* One event, or a pause until there is one. */
static int step(Daemon *daemon) {
        int r;

        r = sd_event_prepare(daemon->event);
        if (r == 0) {
                daemon->unprepared = false;
                if (daemon->events > 0)
                        r = end_turn(daemon);
                if (r >= 0)
                        r = sd_event_wait(daemon->event, daemon->unprepared ? 0 : UINT64_MAX);
        }
        if (r <= 0)
                return r;

        begin_event(daemon);
        r = sd_event_dispatch(daemon->event);
        if (r < 0)
                return r;

        return ++daemon->events < TURN_EVENTS_MAX ? 0 : end_turn(daemon);
}

int daemon_run(Daemon *daemon) {
        int r, status;

        while (sd_event_get_state(daemon->event) != SD_EVENT_FINISHED) {
                r = step(daemon);
                if (r < 0)
                        return log_error_errno(r, "the event loop failed");
        }

        r = sd_event_get_exit_code(daemon->event, &status);
        return r < 0 ? r : status;
}

/* --- start and end ----------------------------------------------------------------------------------- */

/* The network side is open: let local processes in, and begin. */
static void on_net_ready(void *userdata, int r) {
        Daemon *daemon = userdata;
        const Config *config = daemon->config;

        if (r >= 0)
                r = local_open(daemon->local,
                        &(LocalConfig){
                                .socket = config->socket,
                                .mode = config->socket_mode,
                                .group = config->socket_gid,
                                .group_must = config->socket_group_must,
                        });
        if (r < 0) {
                (void) sd_event_exit(daemon->event, EXIT_FAILURE);
                return;
        }

        node_start(daemon->node);
        log_note("node %s is ready, local processes attach at %s", node_id(daemon->node), config->socket);
        (void) sd_notifyf(/* unset_environment= */ false, "READY=1\nSTATUS=Node %s: no clients yet",
                node_id(daemon->node));
}

static int on_exit_requested(sd_event_source *source, void *userdata) {
        Daemon *daemon = userdata;

        log_note("node %s stops", node_id(daemon->node));
        flush(daemon); /* of the turn that brought the signal */
        (void) notify_now("STOPPING=1");
        return 0;
}

/* Borrowed from the configuration. */
static NodeSecret *make_secrets(const Config *config) {
        NodeSecret *secrets = calloc(config->n_secrets + 1, sizeof(*secrets));

        for (size_t i = 0; secrets && i < config->n_secrets; i++)
                secrets[i] = (NodeSecret){config->secrets[i].octets, config->secrets[i].len};

        return secrets;
}

static int make_node(Daemon *daemon) {
        const Config *config = daemon->config;
        NodeSecret *secrets = make_secrets(config);
        NodeConfig node = {
                .id = config->nodeid,
                .seeds = (const char *const *) config->seeds,
                .secrets = secrets,
                .n_secrets = config->n_secrets,
                .tls = config->certificate,
                .certificate_starts = config->certificate ? certificate_starts(config->certificate) : 0,
                .certificate_expires = config->certificate ? certificate_expires(config->certificate) : 0,
                .auth_offer = (const char *const *) config->auth_offer,
                .auth_accept = (const char *const *) config->auth_accept,
                .framings = (const char *const *) config->framing_format,
                .monitor_timeout = config->monitor_timeout,
                .connect_interval = config->connect_interval,
                .handshake_timeout = config->handshake_timeout,
                .heartbeat_interval = config->heartbeat_interval,
                .max_message = config->max_message,
                .client_high = config->client_high,
                .client_hard = config->client_hard,
                .peer_high = config->peer_high,
                .peer_hard = config->peer_hard,
                .max_half_open = config->max_half_open,
                .max_clients = config->max_clients,
                .max_monitors = config->max_monitors,
                .max_contacts = config->max_contacts,
                .max_names = config->max_names,
                .max_spawned = config->max_spawned,
                .admins = config->admin_uids,
                .n_admins = config->n_admins,
                .own_uid = geteuid(),
                .own_pid = getpid(),
        };
        int r;

        r = secrets ? node_new(&daemon->node, &node, &edge, daemon) : -ENOMEM;
        free(secrets);
        return r;
}

/* At the start the configuration has told. */
static int start_reminder(Daemon *daemon) {
        daemon->reminder = (Reminder){
                .certificate = daemon->config->certificate,
                .name = daemon->config->cert,
                .interval = REMINDER_INTERVAL,
        };

        return reminder_start(&daemon->reminder, daemon->event);
}

static int make_sources(Daemon *daemon) {
        int r;

        r = sd_event_set_signal_exit(daemon->event, /* b= */ true);
        if (r < 0)
                return r;

        r = sd_event_add_exit(daemon->event, NULL, on_exit_requested, daemon);
        if (r < 0)
                return r;

        r = sd_event_add_time(daemon->event, &daemon->timer, CLOCK_MONOTONIC, USEC_INFINITY, USEC_PER_MSEC,
                on_timer, daemon);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(daemon->timer, SD_EVENT_OFF);
        return r < 0 ? r : start_reminder(daemon);
}

static int make_edges(Daemon *daemon) {
        const Config *config = daemon->config;
        NetConfig net = {
                .binds = (const char *const *) config->binds,
                .monitor_timeout = config->monitor_timeout,
                .heartbeat_interval = config->heartbeat_interval,
                .nodelay = config->nodelay,
                .certificate = config->certificate,
        };
        int r;

        r = net_new(&daemon->net, daemon->room, &net, on_net_ready, daemon);
        if (r < 0)
                return r;

        r = local_new(&daemon->local, daemon->room, daemon->node);
        if (r < 0)
                return r;

        return net_open(daemon->net, daemon->node);
}

int daemon_new(Daemon **ret, sd_event *event, const Config *config) {
        Daemon *daemon;
        int r;

        daemon = malloc(sizeof(*daemon));
        if (!daemon)
                return log_error_errno(-ENOMEM, "can't start");

        *daemon = (Daemon){.event = sd_event_ref(event), .config = config, .timer_at = USEC_INFINITY};
        daemon->room = malloc(sizeof(*daemon->room));
        if (daemon->room) {
                daemon->room->event = event;
                daemon->room->shaken = 0;
        }

        r = daemon->room ? make_node(daemon) : -ENOMEM;
        if (r >= 0)
                r = make_sources(daemon);
        if (r >= 0)
                r = make_edges(daemon);
        if (r < 0) {
                daemon_free(daemon);
                return log_error_errno(r, "can't start");
        }

        *ret = daemon;
        return 0;
}

Daemon *daemon_free(Daemon *daemon) {
        if (!daemon)
                return NULL;

        local_free(daemon->local);
        net_free(daemon->net);
        node_free(daemon->node);
        reminder_stop(&daemon->reminder);
        sd_event_source_disable_unref(daemon->timer);
        free(daemon->room);
        sd_event_unref(daemon->event);
        free(daemon);
        return NULL;
}
