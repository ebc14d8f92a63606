/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/world/talk.h"

#include <stdlib.h>

#include "tests/world/oracle.h"
#include "tests/world/world.h"

/* What comes behind the payload: the characters U+00E4 and 'A', as octets or as text. */
static const char odd_octets[] = "\xe4"
                                 "A";
static const char odd_text[] = "\xc3\xa4"
                               "A";

const Host *talk_host(const Talk *talk) {
        return talk->to ? talk->to->host : talk->node;
}

static const char *talk_target(const Talk *talk) {
        return talk->to ? talk->to->id : talk->node->id;
}

static View *talk_view(const Talk *talk) {
        return &talk->prog->views[talk_host(talk)->index];
}

/* --- rounds ------------------------------------------------------------------------------------------ */

static void talk_begin(Talk *talk, bool watched) {
        unsigned cap = talk->n_rounds;

        if ((cap & (cap - 1)) == 0) {
                talk->rounds = realloc(talk->rounds, (cap ? cap * 2 : 1) * sizeof(*talk->rounds));
                if (!talk->rounds)
                        abort();
        }

        talk->rounds[talk->n_rounds++] = (Round){.watched = watched};
}

void talk_watch(Talk *talk) {
        if (talk->state != TALK_IDLE || talk->prog->state != PROG_RUNNING || talk->from->end != PORT_LIVES)
                return;

        talk->state = TALK_ON;
        talk->doomed = false;
        talk->crossed = false;
        talk_begin(talk, /* watched= */ true);
        sim_trace(&talk->world->sim, "%s: talk %u round %u: mon1 %s", talk->prog->name, talk->no,
                talk->n_rounds - 1, talk_target(talk));
        oracle_watched(talk);
        prog_ask(talk->prog, "mon1", talk_target(talk), NULL);
}

void talk_unwatch(Talk *talk) {
        char no[16];

        if (talk->state != TALK_ON || talk->prog->state != PROG_RUNNING || talk->from->end != PORT_LIVES)
                return;

        sim_trace(&talk->world->sim, "%s: talk %u: mon0 %s", talk->prog->name, talk->no, talk_target(talk));
        talk->state = TALK_STOPPING;
        talk_begin(talk, /* watched= */ false);
        snprintf(no, sizeof(no), "%u", talk->no);
        prog_ask(talk->prog, "mon0", talk_target(talk), NULL);
        prog_ask(talk->prog, "time", talk->from->id, "barrier", no, NULL);
}

void talk_barrier(Talk *talk) {
        if (talk->state == TALK_STOPPING)
                talk->state = TALK_IDLE;
        if (talk_view(talk)->down && !talk->prog->silent)
                prog_answer(talk->prog, talk_host(talk));
}

/* --- sending ----------------------------------------------------------------------------------------- */

static void put_stamp(Buf *buf, const Stamp *stamp) {
        cbor_put_uint(buf, stamp->talk);
        cbor_put_uint(buf, stamp->round);
        cbor_put_uint(buf, stamp->seq);
}

static bool talk_may_send(const Talk *talk) {
        return talk->prog->state == PROG_RUNNING && talk->from->end == PORT_LIVES &&
                !(talk->state == TALK_ON && talk->doomed);
}

static void talk_stamp(Talk *talk, Stamp *ret) {
        const Round *round = talk_round(talk);

        if (!round || (talk->state == TALK_IDLE && round->watched))
                talk_begin(talk, /* watched= */ false);
        oracle_sent(talk, ret);
}

bool talk_send(Talk *talk, size_t size) {
        World *world = talk->world;
        Buf *buf = &world->scratch;
        uint8_t head[CBOR_HEAD_MAX];
        size_t head_len;
        bool relayed;
        Stamp stamp;

        if (!talk_may_send(talk))
                return false;

        talk_stamp(talk, &stamp);
        sim_trace(&world->sim, "%s: talk %u round %u: sends %u to %s", talk->prog->name, talk->no,
                stamp.round, stamp.seq, talk_target(talk));

        /* a message to oneself by way of a node; one by way of one's own aempd; or plainly */
        relayed = !talk->to || rng_percent(&world->sim.rng, 5);
        buf_reset(buf);
        cbor_put_array(buf, relayed ? 9 : 7);
        if (relayed) {
                cbor_put_str(buf, talk->to ? STR_NULL : str_from(talk->node->id));
                cbor_put_text(buf, STR_LIT("snd"));
        }
        cbor_put_str(buf, str_from(talk->to ? talk->to->id : talk->from->id));
        cbor_put_text(buf, talk->to ? STR_LIT("m") : STR_LIT("e"));
        put_stamp(buf, &stamp);
        head_len = cbor_head(head, 3, size);
        buf_put(buf, head, head_len);
        payload_put(buf, &stamp, size);
        if (stamp.seq % 2)
                cbor_put_bytes(buf, odd_octets, 2);
        else
                cbor_put_text(buf, str_from(odd_text));
        prog_send(talk->prog, buf);
        return true;
}

void talk_kill(Talk *talk) {
        Buf *buf = &talk->world->scratch;
        Stamp stamp;

        if (!talk_may_send(talk) || !talk->to)
                return;

        talk_stamp(talk, &stamp);
        sim_trace(&talk->world->sim, "%s: talk %u round %u: kil1 as %u to %s", talk->prog->name, talk->no,
                stamp.round, stamp.seq, talk->to->id);
        buf_reset(buf);
        cbor_put_array(buf, 8);
        cbor_put_text(buf, STR_NULL);
        cbor_put_text(buf, STR_LIT("kil1"));
        cbor_put_str(buf, str_from(talk->to->id));
        cbor_put_text(buf, STR_LIT("killed"));
        cbor_put_text(buf, STR_LIT("by request"));
        put_stamp(buf, &stamp);
        prog_send(talk->prog, buf);
}

static void talk_alarm(Alarm *alarm) {
        Talk *talk = container_of(alarm, Talk, alarm);
        Sim *sim = &talk->world->sim;

        if (talk->renewing) {
                if (!talk->prog->hasty && talk_view(talk)->down) {
                        alarm_set(sim, alarm, sim->now + 100 + rng_delay(&sim->rng, 100000));
                        return;
                }
                talk->renewing = false;
                talk_watch(talk);
        }

        if (talk->burst == 0 || !talk_send(talk, talk->size))
                return;

        talk->burst--;
        if (talk->gap == 0)
                while (talk->burst > 0 && talk_send(talk, talk->size))
                        talk->burst--;
        if (talk->burst > 0)
                alarm_set(sim, alarm, sim->now + rng_below(&sim->rng, talk->gap * 2));
}

void talk_burst(Talk *talk, unsigned n, uint64_t gap, size_t size) {
        Sim *sim = &talk->world->sim;

        talk->burst = n;
        talk->gap = gap;
        talk->size = size;
        if (!alarm_is_set(&talk->alarm))
                alarm_set(sim, &talk->alarm, sim->now);
}

void talk_renew(Talk *talk, uint64_t delay) {
        Sim *sim = &talk->world->sim;

        talk->renewing = true;
        alarm_set(sim, &talk->alarm, sim->now + delay);
}

/* --- what is told ------------------------------------------------------------------------------------ */

static void read_why(Talk *talk, CborCursor reason) {
        for (int i = 0; i < 2; i++) {
                Str s = STR_NULL;

                (void) cbor_read_str(&reason, &talk->world->strings, &s);
                snprintf(talk->why[i], sizeof(talk->why[i]), "%.*s", (int) s.n, s.p);
        }
}

void talk_fired(Talk *talk, CborCursor reason) {
        oracle_fired(talk, reason);
        talk->n_fired++;
        talk->fired_at = talk->world->sim.now;
        read_why(talk, reason);

        if (talk->state == TALK_STOPPING) {
                talk->crossed = true;
                return;
        }

        talk->rounds[talk->n_rounds - 1].fired = true;
        talk->state = TALK_IDLE;
        talk->doomed = false;
        if (talk_view(talk)->down && !talk->prog->silent)
                prog_answer(talk->prog, talk_host(talk));
        if (talk->world->on_fired)
                talk->world->on_fired(talk);
}

static int read_stamp(CborCursor *c, Stamp *ret) {
        uint64_t v[3];

        for (int i = 0; i < 3; i++)
                if (cbor_read_uint(c, &v[i]) < 0)
                        return -1;

        *ret = (Stamp){(unsigned) v[0], (unsigned) v[1], (unsigned) v[2]};
        return 0;
}

void talk_delivered(World *world, Prog *at, Port *port, Str tag, CborCursor c) {
        bool kill = str_is(tag, "killed");
        Stamp stamp;
        Str s;

        if (kill &&
                (cbor_read_str(&c, &world->strings, &s) < 0 || cbor_read_str(&c, &world->strings, &s) < 0))
                oracle_fail(world, "%s: odd reason in kil1 for %s", at->name, port->id);
        else if (read_stamp(&c, &stamp) < 0)
                oracle_fail(world, "%s: got %.*s without numbers", at->name, (int) tag.n, tag.p);
        else if (!kill &&
                (cbor_read_str(&c, &world->strings, &s) < 0 || !payload_fits(s, &stamp) ||
                        cbor_read_str(&c, &world->strings, &s) < 0 || !str_is(s, odd_text) ||
                        cbor_peek(&c) != CBOR_END))
                oracle_fail(world, "%s: content of message %u/%u/%u is not what was sent", at->name,
                        stamp.talk, stamp.round, stamp.seq);
        else
                oracle_delivered(world, at, port, str_is(tag, "e"), &stamp);
}

/* --- being there ------------------------------------------------------------------------------------- */

Talk *talk_get(Port *from, Port *to, Host *node) {
        Prog *prog = from->prog;
        Talk *talk;

        /* a program has one monitor of a port, whichever of its own ports wants it */
        LIST_FOREACH (i, &prog->talks) {
                talk = container_of(i, Talk, by_prog);
                if (talk->to == to && talk->node == node)
                        return talk;
        }

        talk = calloc(1, sizeof(*talk));
        if (!talk)
                abort();

        talk->world = prog->world;
        talk->prog = prog;
        talk->no = prog->world->n_talks;
        talk->from = from;
        talk->to = to;
        talk->node = node;
        alarm_init(&talk->alarm, talk_alarm);
        list_append(&prog->talks, &talk->by_prog);
        world_add_talk(prog->world, talk);
        return talk;
}

Talk *talk_free(Talk *talk) {
        free(talk->rounds);
        free(talk);
        return NULL;
}
