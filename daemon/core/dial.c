/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One step at a time, driven by one timer: find out where the node listens, resolve the next of its
 * addresses, connect to the next of what came of that. Every step that has an outcome sets the timer to now;
 * nothing happens inside a call.
 */

#include "daemon/core/dial.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/core/conn.h"
#include "daemon/core/locate.h"
#include "daemon/core/remote.h"
#include "daemon/core/resolve.h"
#include "daemon/core/seed.h"
#include "daemon/core/text.h"

#define DIAL_INTERVAL_MIN (400 * USEC_PER_MSEC)
/* At a time. Several times what one client may have under way (max_contacts, 10,000), so that it takes more
 * than one to stop the others. */
#define DIALS_MAX 65536

typedef enum DialState {
        DIAL_LOCATE, /* where does it listen? */
        DIAL_ASKED,  /* asked; or waiting for somebody who can be asked */
        DIAL_TRY,
        DIAL_LINGER, /* in vain; but another connection with that node is in its handshake */
} DialState;

struct Dial {
        Remote *remote;
        DialState state;
        Timer timer;
        uint64_t patience; /* until when to wait for an answer, then for the last attempt */
        char **names;      /* "host:port", NULL-terminated */
        size_t n_names, at;
        Lookup lookup;
        uint64_t lookup_until;
        uint64_t deadline; /* of all tries together */
        Buf addresses;     /* what the names resolved to and was not tried: strings with their terminators */
        List attempts;
        char *failure;   /* of the last that failed; NULL: there was none, or no memory for it */
        char *failed_at; /* that one */
};

typedef struct DialAttempt {
        Attempt attempt;
        Dial *dial;
        char address[];
} DialAttempt;

static void dial_note(Dial *dial, const char *failure, const char *at) {
        text_keep(&dial->failure, failure);
        text_keep(&dial->failed_at, at);
}

const char *dial_failed_at(const Dial *dial) {
        return dial->state == DIAL_LINGER ? dial->failed_at : NULL;
}

static void dial_soon(Dial *dial) {
        timer_set(&dial->remote->node->timers, &dial->timer, dial->remote->node->now);
}

/* Has somebody answered who has not said yet who it is, or not proved it? */
static bool dial_is_greeting(const Dial *dial) {
        LIST_FOREACH (i, &dial->attempts) {
                const Conn *conn = container_of(i, Attempt, link)->conn;

                if (conn && conn->state > CONN_CONNECTING && !conn->stream.closing)
                        return true;
        }

        return remote_is_greeting(dial->remote);
}

/* The address that is waited for, or the last one that was. */
static const char *dial_last(const Dial *dial) {
        return list_is_empty(&dial->attempts)
                ? dial->failed_at
                : container_of(dial->attempts.prev, DialAttempt, attempt.link)->address;
}

/* It was in vain; `text` says why, NULL: dial->failure does. When the node is just about to connect to us,
 * or another of our connections is further than this dial, that is waited for, but not for ever: anybody may
 * claim to be that node. */
static void dial_failed(Dial *dial, const char *text) {
        Remote *remote = dial->remote;
        Node *node = remote->node;

        if (dial->state != DIAL_LINGER) {
                dial->state = DIAL_LINGER;
                dial->patience = node->now + node->config.handshake_timeout;
                if (text)
                        dial_note(dial, text, dial_last(dial));
        }

        if (dial_is_greeting(dial) && node->now < dial->patience)
                timer_set(&node->timers, &dial->timer, dial->patience);
        else
                remote_attempt_failed(remote, dial->failure);
}

void dial_handshake_ended(Dial *dial) {
        if (dial->state == DIAL_LINGER)
                dial_soon(dial);
}

/* --- an attempt -------------------------------------------------------------------------------------- */

static void dial_attempt_forget(DialAttempt *a) {
        list_unlink(&a->attempt.link);
        if (a->attempt.conn)
                a->attempt.conn->attempt = NULL;
        free(a);
}

static void dial_attempt_greeted(Attempt *attempt, Remote *remote) {
        DialAttempt *a = container_of(attempt, DialAttempt, attempt);
        Dial *dial = a->dial;

        if (remote == dial->remote)
                return;

        /* somebody else listens there: the connection is theirs, the search goes on */
        if (dial->state == DIAL_TRY)
                dial_note(dial, "another node listens there", a->address);
        dial_attempt_forget(a);
        dial_soon(dial);
}

static void dial_attempt_done(Attempt *attempt, const char *why) {
        DialAttempt *a = container_of(attempt, DialAttempt, attempt);
        Dial *dial = a->dial;

        if (dial->state == DIAL_TRY && why)
                dial_note(dial, why, a->address);
        dial_attempt_forget(a);
        dial_soon(dial);
}

static int dial_attempt_new(Dial *dial, const char *address) {
        DialAttempt *a;
        int r;

        a = calloc(1, sizeof(*a) + strlen(address) + 1);
        if (!a)
                return -ENOMEM;

        strcpy(a->address, address);
        a->dial = dial;
        a->attempt.greeted = dial_attempt_greeted;
        a->attempt.done = dial_attempt_done;
        list_append(&dial->attempts, &a->attempt.link);

        r = conn_connect(dial->remote->node, address, &a->attempt);
        if (r < 0)
                dial_attempt_forget(a);
        return r;
}

/* --- where it listens -------------------------------------------------------------------------------- */

static char **names_copy(char *const *names, size_t *ret_n) {
        size_t n = 0;
        char **copy;

        while (names[n])
                n++;

        copy = calloc(n + 1, sizeof(*copy));
        if (!copy)
                return NULL;

        for (size_t i = 0; i < n; i++) {
                copy[i] = strdup(names[i]);
                if (!copy[i]) {
                        while (i > 0)
                                free(copy[--i]);
                        free(copy);
                        return NULL;
                }
        }

        *ret_n = n;
        return copy;
}

/* Takes the addresses that are known. 0, -ENOMEM, -ENOENT: none are. */
static int dial_known(Dial *dial) {
        Remote *remote = dial->remote;
        char *seed[] = {(char *) seeds_address(remote->node->seeds, remote_str(remote)), NULL};
        char *const *names = remote->binds && remote->binds[0] ? remote->binds : seed;

        if (!names[0])
                return -ENOENT;

        dial->names = names_copy(names, &dial->n_names);
        return dial->names ? 0 : -ENOMEM;
}

static void dial_locate(Dial *dial) {
        Remote *remote = dial->remote;
        Node *node = remote->node;
        bool hope;
        int r;

        r = dial_known(dial);
        if (r == 0) {
                dial->state = DIAL_TRY;
                dial->deadline = node->now + node->config.monitor_timeout;
                dial_soon(dial);
                return;
        }
        if (r != -ENOENT) {
                remote_attempt_failed(remote, "out of memory");
                return;
        }

        if (dial->state == DIAL_LOCATE)
                dial->patience = node->now + node->config.connect_interval;
        else if (node->now >= dial->patience) {
                dial_failed(dial, "no known address");
                return;
        }

        if (!locate_ask(remote, &hope) && !hope) {
                dial_failed(dial, "no known address");
                return;
        }

        dial->state = DIAL_ASKED;
        timer_set(&node->timers, &dial->timer, dial->patience);
}

void dial_located(Dial *dial, bool known) {
        if (dial->state != DIAL_ASKED)
                return;

        if (known)
                dial_locate(dial);
        else
                dial_failed(dial, "no known address");
}

void dial_ask_again(Dial *dial) {
        if (dial->state == DIAL_ASKED)
                dial_locate(dial);
}

/* --- trying ------------------------------------------------------------------------------------------ */

static void dial_resolved(Lookup *lookup, const char *const *addresses, size_t n, const char *error) {
        Dial *dial = container_of(lookup, Dial, lookup);

        for (size_t i = 0; i < n; i++)
                buf_put(&dial->addresses, addresses[i], strlen(addresses[i]) + 1);
        if (n == 0)
                dial_note(dial, error ?: "name not found", dial->names[dial->at - 1]);

        dial_soon(dial);
}

static uint64_t dial_interval(const Dial *dial) {
        const NodeConfig *config = &dial->remote->node->config;
        uint64_t interval = config->connect_interval;

        if (config->monitor_timeout > config->connect_interval) {
                uint64_t share = (config->monitor_timeout - config->connect_interval) / (dial->n_names ?: 1);

                interval = share < interval ? share : interval;
        }

        return interval < DIAL_INTERVAL_MIN ? DIAL_INTERVAL_MIN : interval;
}

static void dial_try_next(Dial *dial) {
        const char *address = (const char *) dial->addresses.data;
        Node *node = dial->remote->node;

        if (dial_attempt_new(dial, address) < 0) {
                remote_attempt_failed(dial->remote, "out of memory");
                return;
        }

        buf_consume(&dial->addresses, strlen(address) + 1);
        /* the next one soon; but each has as long as an attempt at a single address has */
        dial->patience = node->now + node->config.connect_interval;
        timer_set(&node->timers, &dial->timer, node->now + dial_interval(dial));
}

static void dial_look_up(Dial *dial) {
        Node *node = dial->remote->node;

        if (lookup_start(&dial->lookup, node, dial->names[dial->at++]) < 0) {
                remote_attempt_failed(dial->remote, "out of memory");
                return;
        }

        dial->lookup_until = node->now + node->config.handshake_timeout;
        timer_set(&node->timers, &dial->timer, dial->lookup_until);
}

static void dial_try(Dial *dial) {
        Node *node = dial->remote->node;

        if (node->now >= dial->deadline) {
                dial_failed(dial, "connect timeout");
                return;
        }

        if (dial->lookup.pending) {
                if (node->now < dial->lookup_until) { /* an earlier attempt failed meanwhile */
                        timer_set(&node->timers, &dial->timer, dial->lookup_until);
                        return;
                }
                lookup_cancel(&dial->lookup);
                dial_note(dial, "name lookup took too long", dial->names[dial->at - 1]);
        }

        if (dial->addresses.len > 0) {
                dial_try_next(dial);
        } else if (dial->at < dial->n_names) {
                dial_look_up(dial);
        } else if (!list_is_empty(&dial->attempts) && node->now < dial->patience) {
                timer_set(&node->timers, &dial->timer, dial->patience);
        } else {
                dial_failed(
                        dial, list_is_empty(&dial->attempts) && dial->failure ? NULL : "connect timeout");
        }
}

static void dial_timer(Timer *timer) {
        Dial *dial = container_of(timer, Dial, timer);

        if (dial->remote->failing)
                return;

        if (dial->state == DIAL_TRY)
                dial_try(dial);
        else if (dial->state == DIAL_LINGER)
                dial_failed(dial, NULL);
        else
                dial_locate(dial);
}

/* --- its life ---------------------------------------------------------------------------------------- */

int dial_new(Dial **ret, Remote *remote) {
        Node *node = remote->node;
        Dial *dial;

        if (node->dials >= DIALS_MAX)
                return -EBUSY;

        dial = calloc(1, sizeof(*dial));
        if (!dial)
                return -ENOMEM;

        dial->remote = remote;
        dial->lookup.done = dial_resolved;
        list_init(&dial->attempts);
        timer_init(&dial->timer, dial_timer);
        node->dials++;
        dial_soon(dial);

        *ret = dial;
        return 0;
}

Dial *dial_free(Dial *dial) {
        if (!dial)
                return NULL;

        while (!list_is_empty(&dial->attempts)) {
                DialAttempt *a = container_of(dial->attempts.next, DialAttempt, attempt.link);
                Conn *conn = a->attempt.conn;

                dial_attempt_forget(a);
                /* those that are further are the tie's business */
                if (conn && conn->state < CONN_AUTH)
                        conn_end(conn, "no longer needed");
        }

        timer_stop(&dial->remote->node->timers, &dial->timer);
        lookup_cancel(&dial->lookup);
        dial->remote->node->dials--;
        buf_deinit(&dial->addresses);
        for (size_t i = 0; i < dial->n_names; i++)
                free(dial->names[i]);
        free(dial->names);
        free(dial->failure);
        free(dial->failed_at);
        free(dial);
        return NULL;
}
