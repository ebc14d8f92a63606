/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An attachment, in its parts
 *
 * Each part belongs to the file of its name.
 */

#include <stdbool.h>

#include "libclient/ask.h"
#include "libclient/attach.h"
#include "libclient/cal.h"
#include "libclient/context.h"
#include "libclient/func.h"
#include "libclient/hash.h"
#include "libclient/held.h"
#include "libclient/home.h"
#include "libclient/hook.h"
#include "libclient/kept.h"
#include "libclient/local.h"
#include "libclient/loop.h"
#include "libclient/message.h"
#include "libclient/mon.h"
#include "libclient/name.h"
#include "libclient/node.h"
#include "libclient/origin.h"
#include "libclient/pack.h"
#include "libclient/port.h"
#include "libclient/public.h"
#include "libclient/reg.h"
#include "libclient/slot.h"
#include "libclient/snd.h"
#include "libclient/spawn.h"
#include "libclient/stream.h"
#include "libclient/table.h"
#include "libclient/timer.h"
#include "libclient/watch.h"

typedef enum State {
        STATE_AWAY,     /* no connection; a timer tries again */
        STATE_GREETING, /* connected, aempd's line is to come */
        STATE_ATTACHED,
        STATE_CLOSED, /* aemp_close() */
} State;

struct aemp {
        unsigned ref;
        unsigned holds; /* of these are ours */
        State state;
        uint8_t *mark; /* a page that a fork empties, see aemp_check() */
        uint8_t seed[HASH_KEY_SIZE];

        Home home;
        Attach attach;
        Stream stream;
        Loop loop;
        Context context;
        Origin origin;

        Table ports;
        uint64_t last_number;
        Table names;         /* that others chose for ports */
        uint64_t last_spawn; /* number of a port elsewhere */
        Funcs funcs;
        Local local;
        Watches watches;
        Held held;
        Kept kept;
        Timers timers;
        Nodes nodes;
        Hooks hooks;
        List cals;         /* that are open */
        CalSlot *cal_wait; /* the one that the program waits for, or NULL */
        List regs;         /* RegSlot */
        List slots;        /* all that work */

        Outgoing outgoing;
};

/* What every public call asks first: -EINVAL, -ECHILD, -ENOTCONN after aemp_close(). */
int aemp_check(const aemp *a);
/* This process is the one that attached. */
bool aemp_is_ours(const aemp *a);
/* Around callbacks: one that drops the program's last reference ends everything at once, but it is there
 * until the release. */
void aemp_hold(aemp *a);
void aemp_release(aemp *a);

/* An ID that can be sent to: -EINVAL. */
int id_check(Str id);

static inline bool aemp_is_closed(const aemp *a) {
        return a->state == STATE_CLOSED;
}
