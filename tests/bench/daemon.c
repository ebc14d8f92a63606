/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/daemon.h"

#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/process.h"

#define READY_MSEC 10000

static uint16_t free_port(void) {
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(sa);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ||
                getsockname(fd, (struct sockaddr *) &sa, &n) < 0)
                err(1, "no free port");

        (void) close(fd);
        return ntohs(sa.sin_port);
}

static void write_config(const Daemon *daemon, const char *file, const char *node, uint16_t seed) {
        FILE *f = fopen(file, "we");

        if (!f)
                err(1, "%s", file);

        (void) fchmod(fileno(f), 0600);
        (void) fprintf(f, "default = {\n  nodeid = \"%s\";\n  secret = \"benchmark\";\n", node);
        (void) fprintf(f, "  binds = [ \"127.0.0.1:%u\" ];\n", daemon->port);
        if (seed)
                (void) fprintf(f, "  seeds = [ \"127.0.0.1:%u\" ];\n", seed);
        (void) fprintf(f, "%s};\n", daemon->settings ?: "");
        if (fclose(f) < 0)
                err(1, "%s", file);
}

/* Takes what it tells its service manager, until it says that it is ready. */
static void wait_ready(const Daemon *daemon, int notify) {
        for (;;) {
                struct pollfd p = {.fd = notify, .events = POLLIN};
                char text[4096];
                ssize_t n;

                if (poll(&p, 1, READY_MSEC) <= 0)
                        errx(1, "%s does not get ready, see %s", daemon->binary, daemon->dir);
                n = recv(notify, text, sizeof(text) - 1, 0);
                if (n < 0)
                        err(1, "recv");
                text[n] = '\0';
                if (strstr(text, "READY=1"))
                        return;
        }
}

void daemon_start(Daemon *daemon, const char *node) {
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        char config[200], log[200];
        uint16_t seed = daemon->port;
        int notify;

        (void) snprintf(daemon->path, sizeof(daemon->path), "%s/%s", daemon->dir, node);
        (void) snprintf(config, sizeof(config), "%s.conf", daemon->path);
        (void) snprintf(log, sizeof(log), "%s.log", daemon->path);
        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s.notify", daemon->path);

        daemon->port = free_port();
        write_config(daemon, config, node, seed);

        notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (notify < 0 || bind(notify, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                err(1, "%s", sa.sun_path);

        daemon->pid = fork();
        if (daemon->pid < 0)
                err(1, "fork");
        if (daemon->pid == 0) {
                char config_option[220], socket_option[220];

                process_dies_with_parent();
                (void) snprintf(config_option, sizeof(config_option), "--config=%s", config);
                (void) snprintf(socket_option, sizeof(socket_option), "--socket=%s", daemon->path);
                (void) setenv("NOTIFY_SOCKET", sa.sun_path, 1);
                if (!freopen(log, "w", stderr))
                        err(1, "%s", log);
                execl(daemon->binary, daemon->binary, config_option, socket_option, NULL);
                err(1, "%s", daemon->binary);
        }

        wait_ready(daemon, notify);
        (void) close(notify);
        (void) unlink(sa.sun_path);
}
