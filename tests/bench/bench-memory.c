/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What aempd and the library take
 *
 * Memory of a thing is the slope between few and many of it, in RssAnon of the daemon or in malloc's books
 * of this process. What the kernel keeps for a socket is in neither.
 */

#include <aemp-client.h>
#include <err.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/cert.h"
#include "tests/bench/daemon.h"
#include "tests/bench/form.h"
#include "tests/bench/process.h"

#define FEW_CLIENTS 1000
#define MANY_CLIENTS 5000
#define PORTS 100000
#define FEW_PORTS 1000
#define MONITORED 50000
#define PEERS 8

/* A library's attachment, and how far it is. */
typedef struct Member {
        aemp *a;
        bool answered;
        size_t came;
} Member;

static void must(int r, const char *what) {
        if (r < 0)
                errx(1, "%s: %s", what, strerror(-r));
}

static void report(const char *what, double octets, const char *limit) {
        if (octets >= 100 * 1024)
                (void) printf("| %s | %.1f MiB | %s |\n", what, octets / 1024 / 1024, limit);
        else
                (void) printf("| %s | %.0f | %s |\n", what, octets, limit);
}

static double rss(const Daemon *daemon) {
        return 1024.0 * (double) process_memory(daemon->pid, "RssAnon");
}

/* --- with the library ------------------------------------------------------------------------------- */

static int on_answer(aemp *a, int error, aemp_msg *msg, void *userdata) {
        Member *member = userdata;

        member->answered = true;
        return error;
}

static int on_message(aemp_port *port, aemp_msg *msg, void *userdata) {
        Member *member = userdata;

        member->came++;
        return 0;
}

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        errx(1, "%s died", id);
}

static void member_open(Member *member, const Daemon *daemon) {
        char address[200];

        *member = (Member){0};
        (void) snprintf(address, sizeof(address), "unix:path=%s", daemon->path);
        must(aemp_open(&member->a, address, "bench"), address);
}

static void member_turn(Member *member) {
        must(aemp_wait(member->a, 1000), "aemp_wait");
        must(aemp_process(member->a), "aemp_process");
}

/* Until aempd has routed all that it sent. */
static void member_sync(Member *member) {
        member->answered = false;
        must(aemp_cal(member->a, NULL, "", AEMP_INFINITE, on_answer, member, "[s]", "time"), "aemp_cal");
        while (!member->answered)
                member_turn(member);
}

static size_t own_heap(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

/* --- what is measured ------------------------------------------------------------------------------- */

static void measure_idle(Daemon *daemon) {
        report("aempd, idle: RssAnon", rss(daemon), "3 MiB");
        report("aempd, idle: VmRSS", 1024.0 * (double) process_memory(daemon->pid, "VmRSS"), "10 MiB");
}

static void nothing(void *userdata, const uint8_t *payload, size_t n) {
}

/* One that has talked: whatever a message needs was there once. */
static void client_new(const Daemon *daemon) {
        char id[FORM_ID_MAX];
        End *end = form_socket.open(daemon->path, nothing, NULL, id);

        form_socket.aim(end, id);
        form_socket.put(end, (const uint8_t *) "hello", 5);
        form_socket.wait(end);
}

/* They stay until this process ends, so it runs in one of its own. */
static void measure_clients(Daemon *daemon) {
        double few;

        for (int i = 0; i < FEW_CLIENTS; i++)
                client_new(daemon);
        few = rss(daemon);
        for (int i = FEW_CLIENTS; i < MANY_CLIENTS; i++)
                client_new(daemon);

        report("aempd, an idle client", (rss(daemon) - few) / (MANY_CLIENTS - FEW_CLIENTS), "2048");
}

/* The most that it is for any number of ports: their table grows in leaps. */
static void measure_own_ports(Member *member) {
        double heap = (double) own_heap(), most = 0;

        for (size_t i = 1; i <= 2 * PORTS; i++) {
                must(aemp_port_new(member->a, NULL, on_message, member), "aemp_port_new");
                if (i >= FEW_PORTS && i % 100 == 0) {
                        double each = ((double) own_heap() - heap) / (double) i;

                        most = each > most ? each : most;
                }
        }
        report("library, a port", most, "128");
}

static void send_to_each(Member *from, Member *to, char **id, size_t n) {
        to->came = 0;
        for (size_t i = 0; i < n; i++) {
                must(aemp_snd(from->a, id[i], "[i]", 1), "aemp_snd");
                if (i % 1000 < 999 && i + 1 < n)
                        continue;
                member_sync(from);
                while (to->came <= i)
                        member_turn(to);
        }
}

static void measure_ports(Daemon *daemon) {
        Member from, to;
        char **id = calloc(PORTS, sizeof(*id));
        double heap, before;

        if (!id)
                err(1, "measure_ports");
        member_open(&from, daemon);
        heap = (double) own_heap();
        member_open(&to, daemon);
        report("library, an attachment", (double) own_heap() - heap, "");

        measure_own_ports(&to);
        for (size_t i = 0; i < PORTS; i++) {
                aemp_port *port;

                must(aemp_port_new(to.a, &port, on_message, &to), "aemp_port_new");
                id[i] = strdup(aemp_port_id(port));
                aemp_port_unref(port);
        }

        /* The few have the buffers of as many messages made. All others aempd never heard of before: what it
         * kept for a port would show. */
        for (size_t i = 0; i < PORTS / FEW_PORTS; i++)
                send_to_each(&from, &to, id, FEW_PORTS);
        before = rss(daemon);
        send_to_each(&from, &to, id + FEW_PORTS, PORTS - FEW_PORTS);
        report("aempd, a port that gets messages", (rss(daemon) - before) / (PORTS - FEW_PORTS), "0");

        before = rss(daemon);
        heap = (double) own_heap();
        for (size_t i = 0; i < MONITORED; i++)
                must(aemp_mon(from.a, NULL, id[i], on_death, NULL), "aemp_mon");
        member_sync(&from);
        member_sync(&to);
        report("aempd, a monitored port with its monitor", (rss(daemon) - before) / MONITORED, "");
        report("library, the same on both sides", ((double) own_heap() - heap) / MONITORED, "");
}

static int on_node(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata) {
        Member *member = userdata;

        member->came += (size_t) up;
        return 0;
}

/* One peer, and further ones. */
static void peers(Daemon *daemon, double *ret_first, double *ret_further) {
        const Daemon hub = *daemon;
        Member member;

        member_open(&member, daemon);
        must(aemp_mon_nodes(member.a, NULL, on_node, &member), "aemp_mon_nodes");

        for (size_t i = 0; i <= PEERS; i++) {
                Daemon peer = hub; /* which is its seed */
                char node[32];

                (void) snprintf(node, sizeof(node), "peer%zu", i);
                daemon_start(&peer, node);
                while (member.came <= i)
                        member_turn(&member);
                if (i == 0)
                        *ret_first = rss(&hub);
        }

        *ret_further = (rss(&hub) - *ret_first) / PEERS;
}

static void measure_peers(Daemon *daemon) {
        double first, further;

        peers(daemon, &first, &further);
        report("aempd, one peer and one client: RssAnon", first, "3 MiB");
        report("aempd, a further peer", further, "");
}

static void measure_peers_tls(Daemon *daemon) {
        double first, further;

        peers(daemon, &first, &further);
        report("aempd, one peer and one client, TLS: RssAnon", first, "");
        report("aempd, a further peer, TLS", further, "");
}

/* --- main ------------------------------------------------------------------------------------------- */

/* With a daemon and a process of its own. */
static void run(const Daemon *kind, const char *node, void (*measure)(Daemon *daemon)) {
        Daemon daemon = *kind;
        int status;
        pid_t pid;

        (void) fflush(stdout);
        pid = fork();
        if (pid < 0)
                err(1, "fork");
        if (pid == 0) {
                daemon_start(&daemon, node);
                measure(&daemon);
                exit(0);
        }

        if (waitpid(pid, &status, 0) < 0 || status != 0)
                errx(1, "%s failed", node);
}

int main(int argc, char **argv) {
        const char *aempd = argc == 2 ? argv[1] : getenv("AEMPD");
        struct rlimit files = {2 * MANY_CLIENTS, 2 * MANY_CLIENTS};
        char dir[] = "/tmp/aempd-bench-XXXXXX", command[64], pem[64], cert[80];
        const Daemon plain = {.binary = aempd, .dir = dir};
        const Daemon tls = {.binary = aempd, .dir = dir, .settings = cert};

        if (!aempd) {
                (void) fprintf(stderr, "%s AEMPD\n", program_invocation_short_name);
                return 2;
        }
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
                err(1, "%d open files", 2 * MANY_CLIENTS);
        if (!mkdtemp(dir))
                err(1, "%s", dir);

        (void) snprintf(pem, sizeof(pem), "%s/pem", dir);
        (void) snprintf(cert, sizeof(cert), "  cert = \"%s\";\n", pem);
        cert_write(pem);

        (void) printf("| memory | octets | at most |\n|---|---|---|\n");
        run(&plain, "idle", measure_idle);
        run(&plain, "hub", measure_peers);
        run(&tls, "hub-tls", measure_peers_tls);
        run(&plain, "clients", measure_clients);
        run(&plain, "ports", measure_ports);

        (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
        return system(command) == 0 ? 0 : 1;
}
