/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The first failures are free: a wrong secret somewhere, an impatient operator. Then each one closes the
 * door for a time that doubles. How long is fixed when it begins, as the log says it; what fails meanwhile,
 * of connections that were there before, makes the next time longer. Time with an open door makes up for it,
 * and so does any success.
 *
 * A source exists while it has connections in their handshake or failures that count.
 */

#include "daemon/core/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/conn.h"

#define SOURCES_MAX 4096 /* unless more have connections in their handshake */
#define NAME_MAX_LEN 128

#define FAILURES_FREE 3
#define FAILURES_MAX 9 /* more are as bad */
#define FAILURE_FORGOTTEN (10 * USEC_PER_SEC)
#define CLOSED_FIRST USEC_PER_SEC
#define CLOSED_MAX (30 * USEC_PER_SEC)

struct Source {
        Node *node;
        UT_hash_handle hh;
        List idle;          /* in sources->idle, longest first */
        unsigned half_open; /* connections in their handshake */
        unsigned failures;
        Timer timer; /* forgets them */
        uint64_t closed_until;
        char name[];
};

struct Sources {
        Source *table; /* by name */
        List idle;     /* have failures only */
        List conns;    /* charged, oldest first */
};

/* --- names ------------------------------------------------------------------------------------------- */

static bool name_v6(char *to, const char *ip) {
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        char text[INET6_ADDRSTRLEN];
        struct in6_addr a;

        if (inet_pton(AF_INET6, ip, &a) != 1)
                return false;

        if (memcmp(a.s6_addr, mapped, sizeof(mapped)) == 0) {
                (void) inet_ntop(AF_INET, a.s6_addr + sizeof(mapped), to, NAME_MAX_LEN);
                return true;
        }

        memset(a.s6_addr + 8, 0, 8);
        (void) inet_ntop(AF_INET6, &a, text, sizeof(text));
        (void) snprintf(to, NAME_MAX_LEN, "%s/64", text);
        return true;
}

/* "1.2.3.4" of "1.2.3.4:5", "2001:db8::/64" of "[2001:db8::1%eth0]:5"; what is neither, as it is. */
static void source_name(char *to, const char *address) {
        bool bracket = address[0] == '[';
        char ip[NAME_MAX_LEN];
        struct in_addr a;

        (void) snprintf(ip, sizeof(ip), "%.*s", (int) strcspn(address + bracket, bracket ? "]%" : ":"),
                address + bracket);
        if (bracket && name_v6(to, ip))
                return;
        if (!bracket && inet_pton(AF_INET, ip, &a) == 1)
                (void) snprintf(to, NAME_MAX_LEN, "%s", ip);
        else
                (void) snprintf(to, NAME_MAX_LEN, "%s", address);
}

bool source_same(const char *address, const char *other) {
        char a[NAME_MAX_LEN], b[NAME_MAX_LEN];

        source_name(a, address);
        source_name(b, other);
        return strcmp(a, b) == 0;
}

/* --- being there ------------------------------------------------------------------------------------- */

static void source_free(Source *source) {
        timer_stop(&source->node->timers, &source->timer);
        list_unlink(&source->idle);
        HASH_DEL(source->node->sources->table, source);
        free(source);
}

void source_gc(Source *source) {
        if (source->half_open > 0)
                return;

        list_unlink(&source->idle);
        if (source->failures > 0)
                list_append(&source->node->sources->idle, &source->idle);
        else
                source_free(source);
}

/* One failure is forgotten. */
static void source_timer(Timer *timer) {
        Source *source = container_of(timer, Source, timer);
        Node *node = source->node;

        source->failures--;
        if (source->failures > 0)
                timer_set(&node->timers, timer, node->now + FAILURE_FORGOTTEN);
        else
                source_gc(source);
}

static Source *source_new(Node *node, const char *name) {
        Sources *sources = node->sources;
        size_t len = strlen(name);
        Source *source;

        if (HASH_COUNT(sources->table) >= SOURCES_MAX && !list_is_empty(&sources->idle))
                source_free(container_of(sources->idle.next, Source, idle));

        source = calloc(1, sizeof(*source) + len + 1);
        if (!source)
                return NULL;

        source->node = node;
        list_init(&source->idle);
        timer_init(&source->timer, source_timer);
        memcpy(source->name, name, len);
        HASH_ADD_KEYPTR(hh, sources->table, source->name, len, source);
        if (hash_failed(source)) {
                free(source);
                return NULL;
        }

        return source;
}

/* --- room -------------------------------------------------------------------------------------------- */

/* The oldest of the source that has most of them, if that one has more than so many. */
static Conn *room_taken_by(const Sources *sources, unsigned more_than) {
        Conn *oldest = NULL;

        LIST_FOREACH (i, &sources->conns) {
                Conn *conn = container_of(i, Conn, by_source);

                if (conn->source->half_open > more_than) {
                        oldest = conn;
                        more_than = conn->source->half_open;
                }
        }

        return oldest;
}

static bool source_has_room(const Source *source) {
        Node *node = source->node;
        Conn *conn;

        if (node->half_open < node->config.max_half_open)
                return true;

        conn = room_taken_by(node->sources, source->half_open);
        if (!conn)
                return false;

        node->counters.handshakes_displaced++;
        conn_refuse(conn, "too many handshakes at once, most of them from there: it made room for another");
        return true;
}

int source_admit(Node *node, const char *address, Source **ret) {
        char name[NAME_MAX_LEN];
        Source *source;

        source_name(name, address);
        HASH_FIND_STR(node->sources->table, name, source);
        if (source && node->now < source->closed_until) {
                node->counters.turned_away++;
                return -EBUSY;
        }

        source = source ?: source_new(node, name);
        if (!source)
                return -ENOMEM;

        if (!source_has_room(source)) {
                node->counters.turned_away++;
                source_gc(source);
                return -EBUSY;
        }

        *ret = source;
        return 0;
}

void source_charge(Source *source, Conn *conn) {
        conn->source = source;
        source->half_open++;
        source->node->half_open++;
        list_unlink(&source->idle);
        list_append(&source->node->sources->conns, &conn->by_source);
}

void source_release(Conn *conn) {
        Source *source = conn->source;

        if (!source)
                return;

        conn->source = NULL;
        list_unlink(&conn->by_source);
        source->half_open--;
        source->node->half_open--;
        source_gc(source);
}

/* --- what comes of it -------------------------------------------------------------------------------- */

void source_failed(const Conn *conn) {
        Source *source = conn->source;
        Node *node = conn->node;
        uint64_t time;

        if (!source)
                return;

        node->counters.handshakes_failed++;
        if (source->failures < FAILURES_MAX)
                source->failures++;
        if (!source->timer.armed)
                timer_set(&node->timers, &source->timer, node->now + FAILURE_FORGOTTEN);
        if (source->failures <= FAILURES_FREE || node->now < source->closed_until)
                return;

        time = CLOSED_FIRST << (source->failures - FAILURES_FREE - 1);
        time = time < CLOSED_MAX ? time : CLOSED_MAX;
        source->closed_until = node->now + time;
        timer_set(&node->timers, &source->timer, source->closed_until + FAILURE_FORGOTTEN);
        node_eventf(node, EVENT_CONN_REFUSED, NULL, source->name,
                "%u failed handshakes: nothing is accepted from it for %u s", source->failures,
                (unsigned) (time / USEC_PER_SEC));
}

void source_verified(Conn *conn) {
        Source *source = conn->source;

        if (!source)
                return;

        source->failures = 0;
        source->closed_until = 0;
        timer_stop(&source->node->timers, &source->timer);
        source_release(conn);
}

/* --- all of them ------------------------------------------------------------------------------------- */

int sources_new(Sources **ret, Node *node) {
        Sources *sources = calloc(1, sizeof(*sources));

        if (!sources)
                return -ENOMEM;

        list_init(&sources->idle);
        list_init(&sources->conns);
        *ret = sources;
        return 0;
}

Sources *sources_free(Sources *sources) {
        Source *source, *next;

        if (!sources)
                return NULL;

        HASH_ITER(hh, sources->table, source, next) {
                source_free(source);
        }
        free(sources);
        return NULL;
}
