/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What one port of a program says to another port, or asks a node to send back
 *
 * Numbered messages, in rounds: a round begins when a monitor is started and ends when it fires or is
 * stopped. What is sent without a monitor is a round too, of which nothing is promised but the order.
 */

#include "tests/world/payload.h"
#include "tests/world/prog.h"
#include "wire/cbor.h"

typedef struct Round {
        unsigned sent;
        unsigned next; /* that should be delivered */
        unsigned delivered;
        bool watched;
        bool fired;
} Round;

typedef enum TalkState {
        TALK_IDLE,     /* no monitor: never, or it fired */
        TALK_ON,       /* monitored */
        TALK_STOPPING, /* mon0 is out; what crosses it ends with the barrier */
} TalkState;

struct Talk {
        World *world;
        Prog *prog;
        List by_prog;
        unsigned no;
        Port *from;
        Port *to; /* NULL: the node port of... */
        Host *node;

        TalkState state;
        bool crossed; /* the monitor fired although mon0 was sent */
        bool doomed; /* its monitor was started before `down` was answered: it will fire, don't rely on it */
        bool told_dead; /* of a death, not of a lost connection */
        unsigned n_fired;
        uint64_t fired_at; /* last time, and why: identifier, and what follows */
        char why[2][128];

        Round *rounds;
        unsigned n_rounds;
        unsigned current; /* the last one of which something was delivered */

        Alarm alarm; /* the burst goes on, or the monitor is renewed */
        bool renewing;
        unsigned burst;
        uint64_t gap;
        size_t size;
};

/* Finds or makes it. */
Talk *talk_get(Port *from, Port *to, Host *node);
Talk *talk_free(Talk *talk);

static inline const Round *talk_round(const Talk *talk) {
        return talk->n_rounds > 0 ? &talk->rounds[talk->n_rounds - 1] : NULL;
}
const Host *talk_host(const Talk *talk);

/* mon1, and a new round. */
void talk_watch(Talk *talk);
/* mon0, and the barrier. */
void talk_unwatch(Talk *talk);
/* One message of that many octets, if it may be sent now. */
bool talk_send(Talk *talk, size_t size);
/* So many, one each `gap`. */
void talk_burst(Talk *talk, unsigned n, uint64_t gap, size_t size);
/* kil1 of the port it talks to, counted as a message. */
void talk_kill(Talk *talk);
/* Monitors again after a while. */
void talk_renew(Talk *talk, uint64_t delay);

/* What its program was told. */
void talk_fired(Talk *talk, CborCursor reason);
void talk_barrier(Talk *talk);
/* [from, tag, stamp...] was delivered there. */
void talk_delivered(World *world, Prog *at, Port *port, Str tag, CborCursor c);
