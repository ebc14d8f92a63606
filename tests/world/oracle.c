/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/oracle.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tests/world/world.h"

void oracle_fail(World *world, const char *format, ...) {
        va_list ap;

        if (world->failure[0])
                return;

        va_start(ap, format);
        vsnprintf(world->failure, sizeof(world->failure), format, ap);
        va_end(ap);
        world->sim.stop = true;
        sim_trace(&world->sim, "NOT AS PROMISED: %s", world->failure);
}

/* --- nodes ------------------------------------------------------------------------------------------- */

static Prog *prog_of_who(World *world, const char *who) {
        unsigned no;

        return who && sscanf(who, "p%u[", &no) == 1 && no < world->n_progs ? world->progs[no] : NULL;
}

static void node_changed(Host *host, const Event *event, bool up) {
        World *world = host->world;
        Host *other = world_node(world, str_from(event->node));

        if (!other || other == host || host->up[other->index] == up) {
                oracle_fail(world, "%s: node %s goes %s again", host->id, event->node, up ? "up" : "down");
                return;
        }

        host->up[other->index] = up;
        if (!up) {
                host->losses[other->index]++;
                return;
        }
        world->sums.ups++;
        if (host->met[other->index])
                world->sums.reconnects++;
        host->met[other->index] = true;
}

void oracle_event(Host *host, const Event *event) {
        World *world = host->world;
        Host *other = event->node ? world_node(world, str_from(event->node)) : NULL;
        Prog *prog;

        switch (event->type) {
        case EVENT_NODE_UP:
        case EVENT_NODE_DOWN:
                node_changed(host, event, event->type == EVENT_NODE_UP);
                break;
        case EVENT_CONNECT_FAILED:
                if (other)
                        host->losses[other->index]++;
                __attribute__((fallthrough));
        case EVENT_SEED_FAILED: /* of which no program need know */
                world->sums.failures++;
                break;
        case EVENT_CONN_REFUSED:
                world->sums.refused++;
                host->refused++;
                break;
        case EVENT_SLOW:
                prog = event->node ? NULL : prog_of_who(world, event->who);
                world->sums.slow += prog != NULL;
                world->sums.slow_peers += event->node != NULL;
                if (prog)
                        prog->cut = true;
                break;
        case EVENT_REQUEST_FAILED:
                /* its program is gone, or has not come; or there are as many as may be: actor.c */
                if (strstr(event->text, "nobody here has that function") ||
                        strstr(event->text, "as many spawned ports as it may"))
                        break;
                __attribute__((fallthrough));
        case EVENT_PROTOCOL_ERROR:
        case EVENT_CLIENT_REFUSED:
        case EVENT_NO_MEMORY:
                oracle_fail(world, "%s: %s %s: %s", host->id, event->node ?: "-", event->who ?: "-",
                        event->text ?: "-");
                break;
        default:
                break;
        }
}

void oracle_host_gone(Host *host) {
        World *world = host->world;

        for (unsigned i = 0; i < world->n_progs; i++)
                if (world->progs[i]->host == host)
                        world->progs[i]->lost = true;
}

void oracle_node(View *view, bool up) {
        /* a watch that starts over tells of those that are up again */
        if (view->up == up && !(up && view->prog->restarting))
                oracle_fail(view->prog->world, "%s is told twice that %s is %s", view->prog->name,
                        view->host->id, up ? "up" : "down");
        view->up = up;
}

/* --- ports ------------------------------------------------------------------------------------------- */

void oracle_prefix(Prog *prog) {
        World *world = prog->world;
        Str prefix = {prog->prefix, prog->prefix_len};

        for (unsigned i = 0; i < world->n_progs; i++) {
                const Prog *other = world->progs[i];
                Str others = {other->prefix, other->prefix_len};

                if (other == prog || !other->prefix || strcmp(other->host->id, prog->host->id) != 0)
                        continue;
                if (str_starts_with(prefix, others) || str_starts_with(others, prefix))
                        oracle_fail(world, "%s and %s both have prefix %s", prog->name, other->name,
                                prog->prefix);
        }
}

/* --- monitors ---------------------------------------------------------------------------------------- */

void oracle_watched(Talk *talk) {
        talk->world->sums.watched++;
}

static bool transport_error_fits(const Talk *talk, Str node) {
        const Host *there = talk_host(talk), *here = talk->prog->host;
        const View *view = &talk->prog->views[there->index];

        if (there == here || !str_is(node, there->id))
                return false;

        /* it was lost since the program knew all was well, or it watched before it answered */
        return view->down || talk->doomed || here->losses[there->index] != view->losses;
}

static bool death_fits(const Port *port, Str id, Str second) {
        const Prog *owner = port->prog;

        if (!port_is_dead(port))
                return false;
        if (str_is(id, "no_such_port"))
                return true;
        if (str_is(id, "died"))
                return port->end == PORT_DIED;
        if (str_is(id, "killed"))
                return port->end == PORT_KILLED;
        if (str_is(id, "detached"))
                return owner && port->end != PORT_BYE && str_is(second, owner->name);
        if (str_is(id, "too_slow"))
                return owner && owner->cut && str_is(second, owner->name);

        return id.n == 0 && owner && (owner->state == PROG_BYE || owner->state == PROG_OVER);
}

void oracle_fired(Talk *talk, CborCursor reason) {
        World *world = talk->world;
        Prog *prog = talk->prog;
        Str id = STR_NULL, second = STR_NULL;
        bool transport;

        if (cbor_read_str(&reason, &world->strings, &id) >= 0)
                (void) cbor_read_str(&reason, &world->strings, &second);
        transport = str_is(id, "transport_error");

        sim_trace(&world->sim, "%s: talk %u: fired, %.*s %.*s", prog->name, talk->no, (int) id.n, id.p,
                (int) second.n, second.p);
        world->sums.fired++;

        if (talk->state == TALK_IDLE || (talk->state == TALK_STOPPING && talk->crossed))
                oracle_fail(world, "%s: monitor of talk %u fires, but there is none", prog->name, talk->no);
        else if (str_is(id, "limit"))
                world->sums.limited++;
        else if (transport ? !transport_error_fits(talk, second)
                           : !talk->to || !death_fits(talk->to, id, second))
                oracle_fail(world, "%s: talk %u: reason \"%.*s %.*s\" does not fit", prog->name, talk->no,
                        (int) id.n, id.p, (int) second.n, second.p);

        if (!transport)
                talk->told_dead = !str_is(id, "limit");
        else if (!prog->views[talk_host(talk)->index].down && !talk->doomed)
                prog->views[talk_host(talk)->index].owed = true;
}

void oracle_down(View *view) {
        Prog *prog = view->prog;

        prog->world->sums.downs++;
        if (view->down)
                oracle_fail(prog->world, "%s: down of %s again, before it was answered", prog->name,
                        view->host->id);

        LIST_FOREACH (i, &prog->talks) {
                Talk *talk = container_of(i, Talk, by_prog);

                if (talk->state == TALK_ON && talk_host(talk) == view->host &&
                        talk_round(talk)->delivered > 0)
                        oracle_fail(prog->world, "%s: down of %s, but talk %u's monitor has not fired",
                                prog->name, view->host->id, talk->no);
        }
}

/* --- messages ---------------------------------------------------------------------------------------- */

void oracle_sent(Talk *talk, Stamp *ret) {
        *ret = (Stamp){talk->no, talk->n_rounds - 1, talk->rounds[talk->n_rounds - 1].sent++};
        talk->world->sums.sent++;
}

/* Was this program told that the sender is dead? */
static bool was_told_dead(const Prog *at, const Port *sender) {
        LIST_FOREACH (i, &at->talks) {
                const Talk *talk = container_of(i, Talk, by_prog);

                if (talk->to == sender && talk->told_dead)
                        return true;
        }

        return false;
}

void oracle_delivered(World *world, const Prog *at, const Port *port, bool echo, const Stamp *stamp) {
        Talk *talk = stamp->talk < world->n_talks ? world->talks[stamp->talk] : NULL;
        Round *round;

        if (!talk || stamp->round >= talk->n_rounds || stamp->seq >= talk->rounds[stamp->round].sent) {
                oracle_fail(world, "%s: got message %u/%u/%u, which nobody sent", at->name, stamp->talk,
                        stamp->round, stamp->seq);
                return;
        }

        round = &talk->rounds[stamp->round];
        sim_trace(&world->sim, "%s: talk %u round %u: got %u from %s", at->name, stamp->talk, stamp->round,
                stamp->seq, talk->prog->name);

        if (port != (echo ? talk->from : talk->to))
                oracle_fail(world, "%s: got message %u/%u/%u of somebody else", at->name, stamp->talk,
                        stamp->round, stamp->seq);
        else if (stamp->round < talk->current || stamp->seq < round->next)
                oracle_fail(world, "%s: message %u/%u/%u comes twice or too late: %u/%u was next", at->name,
                        stamp->talk, stamp->round, stamp->seq, talk->current,
                        talk->rounds[talk->current].next);
        else if (round->watched && stamp->seq > round->next)
                oracle_fail(world, "%s: a hole: message %u/%u/%u comes, %u did not", at->name, stamp->talk,
                        stamp->round, stamp->seq, round->next);
        else if (!echo && was_told_dead(at, talk->from))
                oracle_fail(world, "%s: message %u/%u/%u comes after the death of its sender", at->name,
                        stamp->talk, stamp->round, stamp->seq);

        talk->current = stamp->round;
        round->next = stamp->seq + 1;
        round->delivered++;
        world->sums.delivered++;
}

/* --- the end ----------------------------------------------------------------------------------------- */

static void talk_end(const Talk *talk) {
        const Round *round = talk_round(talk);
        World *world = talk->world;
        const char *name = talk->prog->name;

        if (talk->state == TALK_STOPPING)
                oracle_fail(world, "%s: talk %u: the barrier never came", name, talk->no);
        if (talk->state != TALK_ON)
                return;

        if (talk->doomed)
                oracle_fail(world, "%s: talk %u: watched before down was answered, and never fired", name,
                        talk->no);
        else if (talk->to && port_is_dead(talk->to))
                oracle_fail(world, "%s: talk %u: %s is dead, and the monitor did not fire", name, talk->no,
                        talk->to->id);
        else if (round->delivered != round->sent && (talk->to || talk->from->end == PORT_LIVES))
                oracle_fail(world,
                        "%s: talk %u: %u of %u messages came in round %u, and the monitor did not fire",
                        name, talk->no, round->delivered, round->sent, talk->n_rounds - 1);
}

static void view_end(const View *view) {
        const Prog *prog = view->prog;

        if (view->down)
                oracle_fail(prog->world, "%s: down of %s can't be answered", prog->name, view->host->id);
        if (view->owed)
                oracle_fail(prog->world, "%s: lost %s, and down never came", prog->name, view->host->id);
        if (prog->watching && !prog->restarting && view->up != prog->host->up[view->host->index])
                oracle_fail(prog->world, "%s: takes %s for %s, which is wrong", prog->name, view->host->id,
                        view->up ? "up" : "down");
}

/* Somebody relies on it, in this quiet. */
static bool port_is_watched(const Port *port) {
        const World *world = port->host->world;

        for (unsigned i = 0; i < world->n_talks; i++) {
                const Talk *talk = world->talks[i];

                if (talk->to == port && talk->state == TALK_ON && talk->prog->state == PROG_RUNNING)
                        return true;
        }

        return false;
}

static void prog_end(const Prog *prog) {
        if (prog->state == PROG_OVER)
                return;

        if (prog->state != PROG_RUNNING)
                oracle_fail(prog->world, "%s: %s never ends", prog->name,
                        prog->state == PROG_BYE ? "bye" : "attaching");
        else if (prog->stream.out.len > 0)
                oracle_fail(prog->world, "%s: %s does not read %zu octets", prog->name, prog->host->id,
                        prog->stream.out.len);

        LIST_FOREACH (i, &prog->talks)
                talk_end(container_of(i, Talk, by_prog));
        for (unsigned i = 1; i <= prog->world->n_hosts; i++)
                view_end(&prog->views[i]);

        LIST_FOREACH (i, &prog->ports) {
                const Port *port = container_of(i, Port, by_prog);

                if (port->end == PORT_LIVES && port->watched != port_is_watched(port))
                        oracle_fail(prog->world, "%s: port %s is%s watched, which is wrong", prog->name,
                                port->id, port->watched ? "" : " not");
        }
}

static void hosts_end(World *world) {
        for (unsigned i = 1; i <= world->n_hosts; i++)
                for (unsigned j = 1; j <= world->n_hosts; j++) {
                        const Host *host = &world->hosts[i], *other = &world->hosts[j];

                        if (i != j && host->node && other->node && !host->up[j])
                                oracle_fail(world, "%s and %s don't meet again", host->id, other->id);
                }

        if (!world_is_whole(world))
                oracle_fail(world, "the network is not whole again");
        else if (world_count_cables(world) != world_count_pairs(world))
                oracle_fail(world, "%u connections between %u pairs of nodes", world_count_cables(world),
                        world_count_pairs(world));
}

void oracle_end(World *world) {
        if (world->config.topology != TOPOLOGY_HUBS)
                hosts_end(world);

        for (unsigned i = 0; i < world->n_progs; i++)
                prog_end(world->progs[i]);
}
