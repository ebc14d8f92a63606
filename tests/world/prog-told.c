/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a program is told by its aempd, and what it does then
 */

#include "tests/world/oracle.h"
#include "tests/world/talk.h"
#include "tests/world/world.h"

static Talk *prog_talk_to(Prog *prog, Str id) {
        LIST_FOREACH (i, &prog->talks) {
                Talk *talk = container_of(i, Talk, by_prog);

                if (str_is(id, talk->to ? talk->to->id : talk->node->id))
                        return talk;
        }

        return NULL;
}

static void on_mon1(Prog *prog, Str name, bool watched) {
        World *world = prog->world;
        Port *port = NULL;

        LIST_FOREACH (i, &prog->ports)
                if (str_is(name, container_of(i, Port, by_prog)->name))
                        port = container_of(i, Port, by_prog);

        if (port && port->end == PORT_LIVES) {
                port->watched = watched;
        } else if (watched) {
                _cleanup_buf_ Buf copy = BUF_INIT;

                buf_put_str(&copy, name);
                buf_putc(&copy, '\0');
                prog_ask(prog, "kil0", (const char *) copy.data, "no_such_port", "no such port",
                        port ? port->id : "?", NULL);
                sim_trace(&world->sim, "%s: mon1 for dead port %s", prog->name, (const char *) copy.data);
        }
}

static void on_kil1(Prog *prog, Str name, CborCursor reason) {
        LIST_FOREACH (i, &prog->ports) {
                Port *port = container_of(i, Port, by_prog);

                if (str_is(name, port->name) && port->end == PORT_LIVES) {
                        talk_delivered(prog->world, prog, port, STR_LIT("killed"), reason);
                        port_die(port, PORT_KILLED);
                        return;
                }
        }
}

void prog_answer(Prog *prog, const Host *host) {
        View *view = &prog->views[host->index];
        Sim *sim = &prog->world->sim;

        if (view->down && !alarm_is_set(&view->answer))
                alarm_set(sim, &view->answer, sim->now + rng_delay(&sim->rng, prog->answer_delay));
}

/* Monitors started before the answer will have fired; it is no use to send under them after it. */
void view_answer(Alarm *alarm) {
        View *view = container_of(alarm, View, answer);
        Prog *prog = view->prog;

        if (prog->state != PROG_RUNNING || !view->down)
                return;

        LIST_FOREACH (i, &prog->talks) {
                Talk *talk = container_of(i, Talk, by_prog);

                if (talk->state == TALK_IDLE || talk_host(talk) != view->host)
                        continue;
                if (prog->patient)
                        return; /* its kil0 comes, and then the answer */
                talk->doomed = true;
        }

        sim_trace(&prog->world->sim, "%s: answers down of %s", prog->name, view->host->id);
        view->down = false;
        view->losses = prog->host->losses[view->host->index];
        prog_ask(prog, "down", view->host->id, NULL);
}

static void on_down(Prog *prog, Str id) {
        Host *host = world_node(prog->world, id);
        View *view;

        if (!host) {
                oracle_fail(prog->world, "%s: down of an unknown node", prog->name);
                return;
        }

        view = &prog->views[host->index];
        oracle_down(view);
        view->down = true;
        view->owed = false;
        view->n_downs++;
        if (!prog->silent)
                prog_answer(prog, host);
}

void prog_told(Prog *prog, const Msg *msg) {
        World *world = prog->world;
        Buf *strings = &world->strings;
        CborCursor c = msg_cursor(msg);
        Str tag, id = STR_NULL;
        Talk *talk;
        bool up;

        if (cbor_read_str(&c, strings, &tag) < 0 || tag.n == 0)
                return;
        (void) cbor_read_str(&c, strings, &id);
        sim_trace(&world->sim, "%s: told %.*s %.*s", prog->name, (int) tag.n, tag.p, (int) id.n, id.p);

        if (str_is(tag, "mon1")) {
                on_mon1(prog, id, /* watched= */ true);
        } else if (str_is(tag, "mon0")) {
                on_mon1(prog, id, /* watched= */ false);
        } else if (str_is(tag, "kil1")) {
                on_kil1(prog, id, c);
        } else if (str_is(tag, "down")) {
                on_down(prog, id);
        } else if (str_is(tag, "kil0")) {
                talk = prog_talk_to(prog, id);
                if (talk)
                        talk_fired(talk, c);
                else
                        oracle_fail(world, "%s: kil0 of %.*s, never watched", prog->name, (int) id.n, id.p);
        } else if (str_is(tag, "node") && world_node(world, id) && cbor_read_bool(&c, &up) >= 0) {
                if (prog->watching)
                        oracle_node(&prog->views[world_node(world, id)->index], up);
        } else if (!str_is(tag, "src")) {
                oracle_fail(world, "%s: told %.*s %.*s", prog->name, (int) tag.n, tag.p, (int) id.n, id.p);
        }
}

void prog_watch_nodes(Prog *prog) {
        Port *port;

        if (prog->state != PROG_RUNNING || prog->restarting)
                return;

        if (!prog->watching) {
                for (unsigned i = 1; i <= prog->world->n_hosts; i++)
                        prog->views[i].up = false;
                prog->watching = true;
                prog_ask(prog, "nodes1", NULL);
                return;
        }

        /* over again; or stop, and start when all that was under way has been read */
        if (list_is_empty(&prog->ports))
                return;
        port = container_of(prog->ports.next, Port, by_prog);
        prog->watching = port->no % 2;
        prog->restarting = true;
        prog_ask(prog, prog->watching ? "nodes1" : "nodes0", NULL);
        prog_ask(prog, "time", port->id, "barrier", "", NULL);
}
