/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/prog.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tests/world/oracle.h"
#include "tests/world/talk.h"
#include "tests/world/world.h"
#include "wire/json.h"
#include "wire/msg.h"

/* --- output ------------------------------------------------------------------------------------------ */

static void prog_flush(Alarm *alarm) {
        Prog *prog = container_of(alarm, Prog, flush);

        if (prog->state != PROG_OVER)
                end_flush(prog->stream.edge);
}

static void prog_put(Prog *prog, Str octets) {
        Sim *sim = &prog->world->sim;

        if (queue_put(&prog->stream.out, octets.p, octets.n) < 0)
                abort();
        if (!alarm_is_set(&prog->flush))
                alarm_set(sim, &prog->flush, sim->now + rng_below(&sim->rng, 30));
}

void prog_send(Prog *prog, const Buf *message) {
        Buf *json = &prog->world->converted;

        if (prog->state != PROG_RUNNING)
                return;

        if (prog->framing == FRAMING_CBOR) {
                prog_put(prog, buf_str(message));
                return;
        }

        buf_reset(json);
        if (json_from_cbor(message->data, message->len, json) < 0)
                abort();
        prog_put(prog, buf_str(json));
}

void prog_ask(Prog *prog, const char *tag, ...) {
        Buf *buf = &prog->world->scratch;
        unsigned n = 2;
        const char *s;
        va_list ap;

        va_start(ap, tag);
        while (va_arg(ap, const char *))
                n++;
        va_end(ap);

        buf_reset(buf);
        cbor_put_array(buf, n);
        cbor_put_text(buf, STR_NULL);
        cbor_put_text(buf, str_from(tag));
        va_start(ap, tag);
        while ((s = va_arg(ap, const char *)))
                cbor_put_str(buf, str_from(s));
        va_end(ap);

        prog_send(prog, buf);
}

/* --- ports ------------------------------------------------------------------------------------------- */

static Port *port_new(Prog *prog, Host *host, Str prefix) {
        World *world = host->world;
        Port *port = calloc(1, sizeof(*port));

        if (!port)
                abort();

        list_init(&port->by_prog);
        port->prog = prog;
        port->host = host;
        port->no = world->n_ports;
        if (asprintf(&port->id, "%s#%.*s%u", host->id, (int) prefix.n, prefix.p, port->no) < 0)
                abort();
        port->name = strchr(port->id, '#') + 1;
        world_add_port(world, port);
        return port;
}

Port *prog_port(Prog *prog) {
        Port *port = port_new(prog, prog->host, (Str){prog->prefix, prog->prefix_len});

        list_append(&prog->ports, &port->by_prog);
        return port;
}

Port *host_no_port(Host *host, Prog *prog) {
        Port *port = prog ? port_new(prog, host, (Str){prog->prefix, prog->prefix_len})
                          : port_new(NULL, host, STR_LIT("nobody.7."));

        port->end = PORT_NEVER;
        return port;
}

static void port_said(Port *port, const char *name, const char *reason, const char *text) {
        Prog *prog = port->prog;

        if (reason)
                prog_ask(prog, "kil0", name, reason, text, port->id, NULL);
        else
                prog_ask(prog, "kil0", name, NULL);
}

void port_die(Port *port, PortEnd end) {
        if (port->end != PORT_LIVES)
                return;

        sim_trace(&port->prog->world->sim, "%s: port %s dies", port->prog->name, port->id);
        port->end = end;
        if (end != PORT_DIED && end != PORT_KILLED)
                return;

        /* by name or by ID */
        if (port->watched)
                port_said(port, port->no % 2 ? port->name : port->id, end == PORT_DIED ? "died" : "killed",
                        "on purpose");
        port->watched = false;
}

/* --- input ------------------------------------------------------------------------------------------- */

static void prog_attached(Prog *prog, Str line) {
        static const char want[] = "aemp-client;1;";
        const char *prefix = memmem(line.p, line.n, ";prefix=", 8),
                   *framing = memmem(line.p, line.n, ";;", 2), *end;
        World *world = prog->world;

        if (!str_starts_with(line, (Str){want, sizeof(want) - 1}) || !prefix || !framing) {
                oracle_fail(
                        world, "%s: odd answer to the attach line: %.*s", prog->name, (int) line.n, line.p);
                return;
        }

        prefix += 8;
        end = memchr(prefix, ';', (size_t) (line.p + line.n - prefix)) ?: line.p + line.n;
        prog->prefix_len = (size_t) (end - prefix);
        prog->prefix = strndup(prefix, prog->prefix_len);
        prog->framing = framing[2] == 'j' ? FRAMING_JSON : FRAMING_CBOR;
        frame_reader_init(&prog->reader, prog->framing, prog->world->node_config.max_message + 64);
        prog->state = PROG_RUNNING;
        sim_trace(&world->sim, "%s: attached to %s, prefix %s", prog->name, prog->host->id, prog->prefix);
        oracle_prefix(prog);
}

static void prog_message(Prog *prog, const Frame *frame) {
        World *world = prog->world;
        CborCursor c;
        Port *port;
        Msg msg;
        Str tag;

        buf_reset(&world->strings);
        if (msg_parse(&msg, frame->p, frame->len, &world->strings) <= 0) {
                oracle_fail(world, "%s: got what is not a message", prog->name);
                return;
        }

        if (msg.to.n == 0) {
                prog_told(prog, &msg);
                return;
        }

        c = msg_cursor(&msg);
        port = NULL;
        for (size_t i = msg.to.n; i > 0 && !port; i--)
                if (msg.to.p[i - 1] == '.' && i < msg.to.n) {
                        unsigned no = (unsigned) strtoul(msg.to.p + i, NULL, 10);

                        port = no < world->n_ports ? world->ports[no] : NULL;
                        break;
                }
        if (!port || port->prog != prog || !str_is(msg.to, port->name) ||
                cbor_read_str(&c, &world->strings, &tag) < 0) {
                oracle_fail(world, "%s: got a message for %.*s", prog->name, (int) msg.to.n, msg.to.p);
                return;
        }

        if (str_is(tag, "barrier")) {
                uint64_t no;

                if (cbor_read_uint(&c, &no) >= 0 && no < world->n_talks)
                        talk_barrier(world->talks[no]);
                else if (prog->restarting) {
                        prog->restarting = false;
                        if (!prog->watching)
                                prog_watch_nodes(prog);
                }
        } else if (port->end == PORT_LIVES) {
                talk_delivered(world, prog, port, tag, c);
        }
}

static size_t prog_input(Stream *stream, const uint8_t *p, size_t n) {
        Prog *prog = container_of(stream, Prog, stream);
        const size_t taken = n;
        Frame frame;
        int r;

        if (prog->state == PROG_ATTACHING) {
                const uint8_t *end = memchr(p, '\n', n);
                size_t len = end ? (size_t) (end - p) : n;

                buf_put(&prog->line, p, len);
                if (!end)
                        return taken;
                n -= len + 1;
                p = end + 1;
                prog_attached(prog, buf_str(&prog->line));
        }

        while ((prog->state == PROG_RUNNING || prog->state == PROG_BYE) &&
                (r = frame_reader_next(&prog->reader, &p, &n, &frame)) != 0) {
                if (r < 0) {
                        oracle_fail(prog->world, "%s: malformed input: %s", prog->name, strerror(-r));
                        return taken;
                }
                prog_message(prog, &frame);
        }

        return taken;
}

/* --- its life ---------------------------------------------------------------------------------------- */

static void prog_over(Prog *prog, PortEnd end) {
        World *world = prog->world;

        prog->state = PROG_OVER;
        alarm_clear(&world->sim, &prog->flush);
        alarm_clear(&world->sim, &prog->wake);
        alarm_clear(&world->sim, &prog->act);
        queue_deinit(&prog->stream.out);
        for (unsigned i = 1; i <= world->n_hosts; i++)
                alarm_clear(&world->sim, &prog->views[i].answer);
        LIST_FOREACH (i, &prog->ports)
                port_die(container_of(i, Port, by_prog), end);
        LIST_FOREACH (i, &prog->talks)
                alarm_clear(&world->sim, &container_of(i, Talk, by_prog)->alarm);
        if (world->on_prog_over)
                world->on_prog_over(prog);
}

static void prog_closed(Stream *stream, const char *why) {
        Prog *prog = container_of(stream, Prog, stream);
        World *world = prog->world;

        sim_trace(&world->sim, "%s: socket closed: %s", prog->name, why);
        if (prog->state != PROG_BYE && !prog->cut && !prog->lost)
                oracle_fail(world, "%s was detached from %s without a cause: %s", prog->name, prog->host->id,
                        why);
        prog_over(prog, prog->state == PROG_BYE ? PORT_BYE : PORT_CRASHED);
}

void prog_crash(Prog *prog) {
        if (prog->state == PROG_OVER)
                return;

        sim_trace(&prog->world->sim, "%s: crashes", prog->name);
        proc_kill(&prog->proc, /* silent= */ false);
        prog_over(prog, PORT_CRASHED);
}

void prog_bye(Prog *prog) {
        if (prog->state != PROG_RUNNING)
                return;

        sim_trace(&prog->world->sim, "%s: bye", prog->name);
        prog_ask(prog, "bye", NULL);
        prog->state = PROG_BYE;
        LIST_FOREACH (i, &prog->ports)
                port_die(container_of(i, Port, by_prog), PORT_BYE);
}

static void prog_wake(Alarm *alarm) {
        Prog *prog = container_of(alarm, Prog, wake);
        End *end = prog->stream.edge;

        prog->stream.paused = false;
        end->paused = false;
        end_read(end);
}

void prog_pause(Prog *prog, uint64_t duration) {
        End *end = prog->stream.edge;

        if (prog->state == PROG_OVER || !end)
                return;

        sim_trace(
                &prog->world->sim, "%s: does not read for %u ms", prog->name, (unsigned) (duration / 1000));
        prog->stream.paused = true;
        end->paused = true;
        alarm_set(&prog->world->sim, &prog->wake, prog->world->sim.now + duration);
}

static void prog_begin(Proc *proc) {
}

static const ProcOps prog_proc_ops = {
        .begin = prog_begin,
        .end = prog_begin,
};

static void prog_sent(Stream *stream) {
}

static const StreamOps prog_ops = {
        .input = prog_input,
        .sent = prog_sent,
        .closed = prog_closed,
};

Prog *prog_new(Host *host, const char *framings) {
        World *world = host->world;
        Prog *prog = calloc(1, sizeof(*prog));

        if (!prog)
                abort();

        prog->world = world;
        prog->host = host;
        prog->no = world->n_progs;
        prog->creds = (ClientCreds){1000, 1000, (pid_t) (100 + prog->no)};
        prog->stream.ops = &prog_ops;
        list_init(&prog->stream.dirty);
        list_init(&prog->ports);
        list_init(&prog->talks);
        proc_init(&prog->proc, &world->net, host->index, &prog_proc_ops);
        alarm_init(&prog->flush, prog_flush);
        alarm_init(&prog->wake, prog_wake);
        alarm_init(&prog->act, NULL);
        snprintf(prog->name, sizeof(prog->name), "p%u", prog->no);
        prog->answer_delay = 1000;

        if (host_attach(host, &prog->proc, &prog->stream, &prog->creds, world->socket_capacity) < 0) {
                free(prog);
                return NULL;
        }

        prog->views = calloc(world->n_hosts + 1, sizeof(*prog->views));
        if (!prog->views)
                abort();
        for (unsigned i = 1; i <= world->n_hosts; i++) {
                prog->views[i] = (View){.prog = prog, .host = &world->hosts[i], .losses = host->losses[i]};
                alarm_init(&prog->views[i].answer, view_answer);
        }

        world_add_prog(world, prog);
        buf_reset(&world->scratch);
        buf_printf(&world->scratch, "aemp-client;1;%s;;%s\n", prog->name, framings);
        prog_put(prog, buf_str(&world->scratch));
        return prog;
}

Prog *prog_free(Prog *prog) {
        queue_deinit(&prog->stream.out);
        frame_reader_deinit(&prog->reader);
        buf_deinit(&prog->line);
        free(prog->prefix);
        free(prog->views);
        free(prog);
        return NULL;
}
