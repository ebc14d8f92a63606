/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/rig.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/daemon.h"
#include "tests/bench/process.h"
#include "tests/bench/relay.h"
#include "tests/bench/sock.h"

const char *rig_path(const Rig *rig, int which) {
        return rig->path[rig->hops == 1 ? 0 : which];
}

static int unix_listen(const char *path) {
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 8) < 0)
                err(1, "%s", path);

        return fd;
}

static _Noreturn void run_relay(int listen_fd, int tcp_fd, const char *pem, bool server) {
        relay_run(listen_fd, tcp_fd, pem ? relay_tls_new(tcp_fd, pem, server) : NULL);
}

void rig_start_relays(Rig *rig, const RigParts *parts, int hops, RigLink link) {
        int tcp[2] = {-1, -1}, listening[2] = {-1, -1};

        *rig = (Rig){.hops = hops};
        if (hops == 2)
                sock_tcp_pair(tcp);

        for (int i = 0; i < hops; i++) {
                (void) snprintf(rig->path[i], sizeof(rig->path[i]), "%s/relay%d-%d-%d", parts->dir, hops,
                        link, i + 1);
                listening[i] = unix_listen(rig->path[i]);
        }

        for (int i = 0; i < hops; i++) {
                rig->pid[i] = fork();
                if (rig->pid[i] < 0)
                        err(1, "fork");
                if (rig->pid[i] > 0)
                        continue;

                process_dies_with_parent();
                (void) close(tcp[!i]);
                (void) close(listening[!i]);
                run_relay(listening[i], tcp[i], link == RIG_LINK_TLS ? parts->pem : NULL,
                        /* server= */ i == 1);
        }

        for (int i = 0; i < hops; i++) {
                (void) close(listening[i]);
                (void) close(tcp[i]);
        }
}

void rig_start_aempds(Rig *rig, const RigParts *parts, int hops, RigLink link) {
        char cert[200];
        const char *settings[RIG_LINKS] = {
                [RIG_LINK_JSON] = "  framing_format = [ \"json\" ];\n",
                [RIG_LINK_TLS] = cert,
        };
        Daemon daemon = {.binary = parts->aempd, .dir = parts->dir, .settings = settings[link]};

        (void) snprintf(cert, sizeof(cert), "  cert = \"%s\";\n", parts->pem);
        *rig = (Rig){.hops = hops};
        for (int i = 0; i < hops; i++) {
                char node[64];

                (void) snprintf(node, sizeof(node), "bench%d%d%c.example.net", hops, link, 'a' + i);
                daemon_start(&daemon, node);
                rig->pid[i] = daemon.pid;
                (void) snprintf(rig->path[i], sizeof(rig->path[i]), "%s", daemon.path);
        }
}

void rig_stop(Rig *rig) {
        for (int i = 0; i < rig->hops; i++) {
                (void) kill(rig->pid[i], SIGTERM);
                (void) waitpid(rig->pid[i], NULL, 0);
        }
}

void rig_pin(const Rig *rig, int cpu) {
        for (int i = 0; i < rig->hops; i++)
                process_pin(rig->pid[i], cpu);
}

double rig_cpu(const Rig *rig) {
        double sum = 0;

        for (int i = 0; i < rig->hops; i++)
                sum += process_cpu(rig->pid[i]);

        return sum;
}
