/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/actor.h"

#include <stdlib.h>

#include "tests/world/fault.h"
#include "tests/world/oracle.h"
#include "tests/world/talk.h"
#include "wire/id.h"

#define SPAWN "AnyEvent::MP::_spawn"
#define ACTORS_MAX 4096

/* Between the socket and the program: what that doesn't know. */
typedef struct Actor {
        FrameReader reader;
        Buf strings;
} Actor;

static Actor actors[ACTORS_MAX];
static const StreamOps *plain;
static StreamOps ops;

/* --- the function ------------------------------------------------------------------------------------ */

static Port *port_of_name(World *world, Str name) {
        char text[64];
        unsigned no;

        snprintf(text, sizeof(text), "%.*s", (int) name.n, name.p);
        return sscanf(text, "nobody.7.%u", &no) == 1 && no < world->n_ports ? world->ports[no] : NULL;
}

static void on_spawn(Prog *prog, Str name) {
        World *world = prog->world;
        Port *port = port_of_name(world, name);

        if (!port || port->prog || port->end != PORT_NEVER || port->host != prog->host) {
                oracle_fail(world, "%s: made to spawn %.*s", prog->name, (int) name.n, name.p);
                return;
        }

        port->prog = prog;
        port->end = PORT_LIVES;
        port->watched = true;
        list_append(&prog->ports, &port->by_prog);
        world->sums.spawned++;
        sim_trace(&world->sim, "%s: spawned %s", prog->name, port->name);
        if (rng_percent(&world->sim.rng, 15))
                port_die(port, PORT_DIED);
        if (prog->state == PROG_BYE) /* it comes too late */
                port_die(port, PORT_BYE);
}

/* The spawn never got to a program: it had gone by then, or there was none. What its end was called like is
 * nothing that the oracle knows. */
static bool on_kil0(Prog *prog, Str id, CborCursor reason) {
        Str node, name, why = STR_NULL, who = STR_NULL;
        Buf *strings = &actors[prog->no].strings;
        _cleanup_buf_ Buf told = BUF_INIT;
        const Port *port;

        port_id_split(id, &node, &name);
        port = port_of_name(prog->world, name);
        if (!port || port->end != PORT_NEVER)
                return false;

        (void) cbor_read_str(&reason, strings, &why);
        (void) cbor_read_str(&reason, strings, &who);
        if (str_is(why, "die"))
                prog->world->sums.unspawned++;
        else if (why.n > 0 && !str_is(why, "detached") && !str_is(why, "too_slow"))
                return false;

        cbor_put_array(&told, 4);
        cbor_put_null(&told);
        cbor_put_text(&told, STR_LIT("kil0"));
        cbor_put_str(&told, id);
        cbor_put_text(&told, STR_LIT("no_such_port"));
        plain->input(&prog->stream, told.data, told.len);
        return true;
}

static void actor_refused(Prog *prog, CborCursor c) {
        Str code;

        if (cbor_read_str(&c, &actors[prog->no].strings, &code) >= 0 && str_is(code, "limit"))
                prog->world->sums.over++;
}

/* True: it is none of the program's. */
static bool actor_takes(Prog *prog, const Frame *frame) {
        Buf *strings = &actors[prog->no].strings;
        World *world = prog->world;
        Str tag, name = STR_NULL;
        CborCursor c;
        Msg msg;

        buf_reset(strings);
        if (msg_parse(&msg, frame->p, frame->len, strings) <= 0 || msg.to.n > 0)
                return false;
        c = msg_cursor(&msg);
        if (cbor_read_str(&c, strings, &tag) < 0)
                return false;
        (void) cbor_read_str(&c, strings, &name);

        if (str_is(tag, SPAWN))
                on_spawn(prog, name);
        else if (str_is(tag, "refused") && (str_is(name, SPAWN) || str_is(name, "func1")))
                actor_refused(prog, c); /* its own aempd, which of a spawn told it by kil0 as well */
        else if (str_is(tag, "kil0"))
                return on_kil0(prog, name, c);
        else if ((str_is(tag, "mon1") || str_is(tag, "mon0")) && port_of_name(world, name))
                oracle_fail(world, "%s: asked to watch a spawned port", prog->name);
        else
                return false;

        return true;
}

static size_t actor_input(Stream *stream, const uint8_t *p, size_t n) {
        Prog *prog = container_of(stream, Prog, stream);
        FrameReader *reader = &actors[prog->no].reader;
        const size_t taken = n;
        Frame frame;

        if (prog->state == PROG_ATTACHING) {
                size_t first = plain->input(stream, p, n);

                if (prog->state == PROG_RUNNING)
                        prog_ask(prog, "func1", "World::spawn", NULL);
                return first;
        }

        while ((prog->state == PROG_RUNNING || prog->state == PROG_BYE) &&
                frame_reader_next(reader, &p, &n, &frame) > 0)
                if (!actor_takes(prog, &frame))
                        plain->input(stream, frame.p, frame.len);

        return taken;
}

Prog *actor_new(Host *host) {
        Prog *prog = prog_new(host, "cbor");
        Rng *rng = &host->world->sim.rng;

        if (!prog)
                return NULL;

        if (prog->no >= ACTORS_MAX)
                abort();
        plain = prog->stream.ops;
        ops = *plain;
        ops.input = actor_input;
        prog->stream.ops = &ops;
        prog->patient = rng_percent(rng, 50);
        prog->hasty = rng_percent(rng, 50);
        prog->answer_delay = rng_percent(rng, 30) ? 0 : rng_delay(rng, 2 * USEC_PER_SEC);
        frame_reader_init(&actors[prog->no].reader, FRAMING_CBOR, host->world->node_config.max_message + 64);
        return prog;
}

void actors_free(World *world) {
        for (unsigned i = 0; i < world->n_progs; i++) {
                frame_reader_deinit(&actors[i].reader);
                buf_deinit(&actors[i].strings);
                actors[i] = (Actor){};
        }
}

/* --- acting ------------------------------------------------------------------------------------------ */

static void ask(Prog *prog, const Host *host, const char *name, const char *function) {
        bool relayed = rng_percent(&prog->world->sim.rng, 20);
        Buf *buf = &prog->world->scratch;

        buf_reset(buf);
        cbor_put_array(buf, relayed ? 6 : 4);
        if (relayed) {
                cbor_put_null(buf);
                cbor_put_text(buf, STR_LIT("snd"));
        }
        cbor_put_str(buf, str_from(host->id));
        cbor_put_text(buf, STR_LIT(SPAWN));
        cbor_put_str(buf, str_from(name));
        cbor_put_str(buf, str_from(function));
        prog_send(prog, buf);
        prog->world->sums.asked++;
}

/* In the order in which programs do that. */
Talk *actor_spawn(Prog *prog, Host *host, bool exists) {
        Rng *rng = &prog->world->sim.rng;
        Port *port = host_no_port(host, NULL);
        Talk *talk = talk_get(prog_port(prog), port, NULL);

        ask(prog, host, port->name, exists ? "World::spawn" : "World::nosuch");
        if (rng_percent(rng, 20))
                (void) talk_send(talk, 10);
        talk_watch(talk);
        talk_burst(talk, (unsigned) rng_below(rng, 10), rng_percent(rng, 50) ? 0 : rng_delay(rng, 300000),
                rng_below(rng, 1000));
        return talk;
}

static void actors_act(World *world) {
        Rng *rng = &world->sim.rng;
        unsigned n = world->n_progs;

        for (unsigned i = 0; i < n; i++) {
                Prog *prog = world->progs[i];
                unsigned what = (unsigned) rng_below(rng, 100);

                if (prog->state != PROG_RUNNING || prog->stream.paused)
                        continue;
                if (what < 30)
                        (void) actor_spawn(prog, &world->hosts[rng_between(rng, 1, world->n_hosts)],
                                rng_percent(rng, 95));
                else if (what < 70 && !list_is_empty(&prog->talks))
                        talk_burst(container_of(prog->talks.prev, Talk, by_prog), 3, 1000, 20);
                else if (what < 75 && !list_is_empty(&prog->talks))
                        talk_kill(container_of(prog->talks.prev, Talk, by_prog));
                else if (what < 85 && !list_is_empty(&prog->ports))
                        port_die(container_of(prog->ports.prev, Port, by_prog), PORT_DIED);
                else if (what < 87)
                        prog_crash(prog);
                else if (what < 88)
                        prog_bye(prog);
        }
}

/* Each host that runs has two programs. */
static void actors_births(World *world) {
        unsigned n[NET_HOSTS_MAX] = {0};

        for (unsigned i = 0; i < world->n_progs; i++)
                if (world->progs[i]->state != PROG_OVER)
                        n[world->progs[i]->host->index]++;
        for (unsigned i = 1; i <= world->n_hosts; i++)
                for (; n[i] < 2 && actor_new(&world->hosts[i]); n[i]++)
                        ;
}

void actors_forget_watched(World *world) {
        for (unsigned i = 0; i < world->n_ports; i++) {
                Port *port = world->ports[i];

                if (!port_of_name(world, str_from(port->name)) || !port->prog || port->end != PORT_LIVES)
                        continue;
                port->watched = false;
                for (unsigned k = 0; k < world->n_talks; k++) {
                        const Talk *talk = world->talks[k];

                        port->watched |= talk->to == port && talk->state == TALK_ON &&
                                talk->prog->state == PROG_RUNNING;
                }
        }
}

bool actors_live(World *world, unsigned turns, bool faults) {
        Rng *rng = &world->sim.rng;

        for (unsigned i = 0; i < turns; i++) {
                actors_births(world);
                actors_act(world);
                if (faults && rng_percent(rng, 7))
                        fault_any(world);
                if (!world_run(world, rng_delay(rng, 500 * USEC_PER_MSEC)))
                        return false;
        }

        world_heal(world);
        for (unsigned i = 0; i < world->n_progs; i++)
                if (world->progs[i]->state != PROG_OVER && world->progs[i]->stream.paused)
                        alarm_set(&world->sim, &world->progs[i]->wake, world->sim.now);
        if (!world_run(world, 60 * USEC_PER_SEC))
                return false;

        actors_forget_watched(world);
        oracle_end(world);
        return !world->failure[0];
}
