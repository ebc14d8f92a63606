/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An attachment, in its parts
 *
 * Each part belongs to the file of its name.
 */

#include <stdbool.h>

#include "libclient/attach.h"
#include "libclient/cal.h"
#include "libclient/context.h"
#include "libclient/hash.h"
#include "libclient/held.h"
#include "libclient/home.h"
#include "libclient/hook.h"
#include "libclient/local.h"
#include "libclient/loop.h"
#include "libclient/message.h"
#include "libclient/mon.h"
#include "libclient/node.h"
#include "libclient/pack.h"
#include "libclient/port.h"
#include "libclient/public.h"
#include "libclient/slot.h"
#include "libclient/snd.h"
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
        State state;
        uint8_t *mark; /* a page that a fork empties, see aemp_check() */
        uint8_t seed[HASH_KEY_SIZE];

        Home home;
        Attach attach;
        Stream stream;
        Loop loop;
        Context context;

        Table ports;
        uint64_t last_number;
        Local local;
        Watches watches;
        Held held;
        Timers timers;
        Nodes nodes;
        Hooks hooks;
        List cals;  /* that are open */
        List slots; /* all that work */

        Outgoing outgoing;
};

/* What every public call asks first: -EINVAL, -ECHILD, -ENOTCONN after aemp_close(). */
int aemp_check(const aemp *a);
/* This process is the one that attached. */
bool aemp_is_ours(const aemp *a);
/* An ID that can be sent to: -EINVAL. */
int id_check(Str id);

static inline bool aemp_is_closed(const aemp *a) {
        return a->state == STATE_CLOSED;
}
