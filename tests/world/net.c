/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/net.h"

#include <stdlib.h>
#include <string.h>

void net_init(Net *net, Sim *sim) {
        *net = (Net){.sim = sim, .next_port = 40000};
        list_init(&net->cables);
        for (unsigned i = 0; i < NET_HOSTS_MAX; i++)
                for (unsigned j = 0; j < NET_HOSTS_MAX; j++)
                        net->latency[i][j] = 200;
}

void net_deinit(Net *net) {
        LIST_FOREACH (i, &net->cables)
                cable_free(container_of(i, Cable, by_net));
}

/* --- processes --------------------------------------------------------------------------------------- */

void proc_init(Proc *proc, Net *net, unsigned host, const ProcOps *ops) {
        *proc = (Proc){.ops = ops, .net = net, .host = host};
        list_init(&proc->ends);
}

void proc_kill(Proc *proc, bool silent) {
        LIST_FOREACH (i, &proc->ends)
                end_abandon(container_of(i, End, by_proc),
                        silent && !container_of(i, End, by_proc)->cable->local);
        proc->frozen = false;
}

void proc_freeze(Proc *proc) {
        proc->frozen = true;
}

void proc_thaw(Proc *proc) {
        List ends;

        if (!proc->frozen)
                return;

        /* an end may go while it is served, others do not */
        proc->frozen = false;
        list_init(&ends);
        list_move(&ends, &proc->ends);
        while (!list_is_empty(&ends)) {
                End *end = container_of(ends.next, End, by_proc);

                list_unlink(&end->by_proc);
                list_append(&proc->ends, &end->by_proc);
                if (end->blocked)
                        alarm_set(proc->net->sim, &end->write, proc->net->sim->now);
                end_read(end);
        }
}

/* --- paths ------------------------------------------------------------------------------------------- */

unsigned net_host_of(const char *address) {
        static const char prefix[] = "10.0.0.";
        unsigned host;

        if (strncmp(address, prefix, sizeof(prefix) - 1) != 0)
                return 0;

        host = (unsigned) strtoul(address + sizeof(prefix) - 1, NULL, 10);
        return host < NET_HOSTS_MAX ? host : 0;
}

Proc *net_listener(const Net *net, const char *address) {
        const char *port = strchr(address, ':');

        return port && strcmp(port, ":4040") == 0 ? net->listeners[net_host_of(address)] : NULL;
}

bool net_is_open(const Net *net, unsigned from, unsigned to) {
        return !net->cut[from][to] && !net->dark[from] && !net->dark[to];
}

uint64_t net_latency(Net *net, unsigned from, unsigned to) {
        uint64_t latency = net->latency[from][to];

        return latency + rng_below(&net->sim->rng, latency / 8 + 1);
}

void net_dress(Net *net, Cable *cable, unsigned from, unsigned to) {
        Rng *rng = &net->sim->rng;

        for (int i = 0; i < 2; i++) {
                Pipe *pipe = &cable->ends[i].out;

                pipe->latency = i == 0 ? net->latency[from][to] : net->latency[to][from];
                pipe->jitter = pipe->latency / 8;
                pipe->timeout = net->user_timeout;
                if (net->narrow) {
                        pipe->capacity = rng_between(rng, 4096, 65536);
                        pipe->window = pipe->capacity / 2;
                        pipe->octet_ns = rng_below(rng, 1000);
                }
                if (net->grained) {
                        pipe->tiny = rng_below(rng, 1200);
                        pipe->segment = rng_between(rng, 1, 64) * 1024;
                }
                cable->ends[i].hasty = rng_percent(rng, 50);
        }
}

/* --- faults ------------------------------------------------------------------------------------------ */

static void cable_resume(Cable *cable) {
        Sim *sim = cable->net->sim;

        for (int i = 0; i < 2; i++)
                pipe_resume(&cable->ends[i].out, rng_delay(&sim->rng, 2000000));
}

static void net_resume(Net *net, unsigned a, unsigned b) {
        LIST_FOREACH (i, &net->cables) {
                Cable *cable = container_of(i, Cable, by_net);
                unsigned from, to;

                if (cable->local || !cable->ends[1].proc)
                        continue;

                from = cable->ends[0].proc->host;
                to = cable->ends[1].proc->host;
                if (from == a || to == a || from == b || to == b)
                        cable_resume(cable);
        }
}

void net_cut(Net *net, unsigned from, unsigned to) {
        net->cut[from][to] = true;
}

void net_heal(Net *net, unsigned from, unsigned to) {
        if (!net->cut[from][to])
                return;

        net->cut[from][to] = false;
        net_resume(net, from, to);
}

void net_set_dark(Net *net, unsigned host, bool dark) {
        if (net->dark[host] == dark)
                return;

        net->dark[host] = dark;
        if (!dark)
                net_resume(net, host, host);
}

void net_reset(Net *net, unsigned a, unsigned b, bool both) {
        LIST_FOREACH (i, &net->cables) {
                Cable *cable = container_of(i, Cable, by_net);
                unsigned from, to;

                if (cable->local || !cable->ends[0].ready || !cable->ends[1].ready)
                        continue;

                from = cable->ends[0].proc->host;
                to = cable->ends[1].proc->host;
                if ((from != a || to != b) && (from != b || to != a))
                        continue;

                end_reset(&cable->ends[rng_below(&net->sim->rng, 2)]);
                if (both) {
                        end_reset(&cable->ends[0]);
                        end_reset(&cable->ends[1]);
                }
        }
}
