/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The local side of a node
 *
 * A larger send buffer costs nothing while it is empty, and lets a turn's messages leave in one write.
 * Without the privilege to pass the system's limit it gets as much as the limit allows, which still is twice
 * the default.
 */

#include "daemon/local/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/io/acceptor.h"
#include "daemon/io/fd.h"
#include "daemon/local/socket.h"
#include "daemon/log.h"

#define LOCAL_SNDBUF (4 * 1024 * 1024)

struct Local {
        PumpRoom *room;
        Node *node;
        Socket socket;
        Acceptor *acceptor;
        List attached;
        bool busy; /* the last one was turned away */
};

/* A process that attached. */
typedef struct Attached {
        Pump pump;
        List link;
} Attached;

static Attached *attached_free(Attached *attached) {
        list_unlink(&attached->link);
        pump_deinit(&attached->pump);
        free(attached);
        return NULL;
}

static void on_gone(Pump *pump) {
        attached_free(container_of(pump, Attached, pump));
}

static int attached_new(Local *local, Stream *stream, int *take_fd) {
        Attached *attached;
        int r;

        attached = malloc(sizeof(*attached));
        if (!attached)
                return -ENOMEM;

        pump_init(&attached->pump, local->room, stream, on_gone);
        list_append(&local->attached, &attached->link);

        r = pump_start(&attached->pump, take_fd);
        if (r < 0)
                attached_free(attached);

        return r;
}

static void set_send_buffer(int fd) {
        int size = LOCAL_SNDBUF;

        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
                (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void on_accepted(void *userdata, int accepted, const struct sockaddr *peer, socklen_t peer_len) {
        Local *local = userdata;
        _cleanup_fd_ int fd = accepted;
        struct ucred cred;
        socklen_t len = sizeof(cred);
        Stream *stream;
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
                log_warn("%s: can't tell who attaches: %s", local->socket.path, strerror(errno));
                return;
        }

        r = node_attach(
                local->node, &(ClientCreds){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid}, &stream);
        if (r < 0) {
                if (!local->busy)
                        log_warn("process %d of user %u can't attach: %s", cred.pid, cred.uid,
                                r == -EBUSY ? "too many clients (max_clients)" : strerror(-r));
                local->busy = true;
                return;
        }

        local->busy = false;
        set_send_buffer(fd);
        r = attached_new(local, stream, &fd);
        if (r < 0)
                stream_closed(stream, strerror(-r));
}

static int log_socket_error(const char *path, int r) {
        switch (r) {
        case -EADDRINUSE:
                log_error("can't listen on %s: another aempd does", path);
                break;
        case -EEXIST:
                log_error("can't listen on %s: it exists and is no socket", path);
                break;
        case -EPERM:
                log_error("can't listen on %s: aempd's user is not a member of socket_group", path);
                break;
        default:
                log_error_errno(r, "can't listen on %s", path);
        }

        return r;
}

int local_open(Local *local, const LocalConfig *config) {
        int fd, r;

        r = socket_open(&local->socket, config->socket, config->mode, config->group, config->group_must);
        if (r < 0)
                return log_socket_error(config->socket, r);

        fd = local->socket.fd;
        r = acceptor_new(&local->acceptor, local->room->event, &fd, config->socket, on_accepted, local);
        if (r < 0)
                return log_socket_error(config->socket, r);

        local->socket.fd = -1;
        return 0;
}

int local_new(Local **ret, PumpRoom *room, Node *node) {
        Local *local = malloc(sizeof(*local));

        if (!local)
                return -ENOMEM;

        *local = (Local){.room = room, .node = node, .socket = SOCKET_INIT};
        list_init(&local->attached);
        *ret = local;
        return 0;
}

Local *local_free(Local *local) {
        if (!local)
                return NULL;

        acceptor_free(local->acceptor);
        socket_close(&local->socket);
        LIST_FOREACH (i, &local->attached)
                attached_free(container_of(i, Attached, link));
        free(local);
        return NULL;
}
