/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is counted where it is made is released where it dies: after any work, in any order, when all have
 * gone nothing is left. On the way the sums have to agree with what is there.
 */

#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/core.h"
#include "daemon/core/port.h"
#include "daemon/core/remote.h"
#include "daemon/core/resolve.h"
#include "daemon/core/user.h"
#include "rig-client.h"
#include "tests/unit/test.h"

#define STEPS 400
#define ENDS 120 /* at most, in one run */

typedef enum Kind {
        KIND_CLIENT,
        KIND_PEER,
        KIND_STRANGER,
} Kind;

static Rig *rig;
static Kind kinds[256];
static uint64_t state;
/* That there was something to count. */
static struct {
        unsigned unsent, relayed, held, asked, stalled, spawned, half_open, up, dials, names, obituaries;
} peaks;

static unsigned below(unsigned n) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned) (state >> 33) % n;
}

static const char *pick(const char *const *list, unsigned n) {
        return list[below(n)];
}

#define PICK(list) pick(list, sizeof(list) / sizeof(*(list)))

/* --- sums -------------------------------------------------------------------------------------------- */

static void check_users(const Node *node) {
        unsigned n_clients = 0, n_spawned = 0, n_names = 0;

        for (const User *user = node->users; user; user = user->hh.next) {
                n_clients += user->n_clients;
                n_spawned += user->n_spawned;
                n_names += user->n_names;
                check(user->n_clients + user->n_spawned + user->n_names > 0 || user->unsent > 0);
        }
        for (const Remote *remote = node->remotes; remote; remote = remote->hh.next)
                n_spawned += remote->n_spawned;

        check_int(n_clients, ==, node->n_clients);
        check_int(n_spawned, ==, node->n_spawned);
        for (const Client *client = node->clients; client; client = client->hh.next)
                n_names -= client->n_names + client->n_funcs;
        check_int(n_names, ==, 0);
}

static void check_clients(const Node *node) {
        unsigned n = 0, n_attached = 0;

        for (const Client *client = node->clients; client; client = client->hh.next) {
                n++;
                n_attached += client->attached;
                /* who is not read from is in somebody's list, and only then */
                check_int(client->stream.paused, ==, !list_is_empty(&client->stall));
        }
        check_int(n, ==, node->n_clients);
        check_int(n_attached, ==, node->n_attached);
}

static void check_ports(const Node *node) {
        unsigned n_spawned = 0;

        for (const LocalPort *port = node->ports; port; port = port->hh.next) {
                n_spawned += port->spawned;
                check(port->spawned || port->known_as || port->mons.n > 0);
                check(port->spawned == (port->user || port->asker));
        }
        check_int(n_spawned, ==, node->n_spawned);
}

static void check_peers(const Node *node) {
        unsigned up = 0, half_open = 0;

        for (const Remote *remote = node->remotes; remote; remote = remote->hh.next) {
                up += remote->conn != NULL;
                check(remote->conn || remote->dial || remote->failing || remote->unsent.len == 0);
                check(remote->conn || remote->watcher.n == 0);
                check(remote->unsent.len > 0 || list_is_empty(&remote->charges));
        }
        LIST_FOREACH (i, &node->conns)
                half_open += container_of(i, Conn, by_node)->source != NULL;
        check_int(up, ==, node->peers_up);
        check_int(half_open, ==, node->half_open);
}

static void peak(unsigned *to, unsigned n) {
        *to = n > *to ? n : *to;
}

static void look(const Node *node) {
        for (const User *user = node->users; user; user = user->hh.next)
                peak(&peaks.unsent, (unsigned) user->unsent);
        for (const Remote *remote = node->remotes; remote; remote = remote->hh.next) {
                peak(&peaks.relayed, (unsigned) remote->relayed);
                peak(&peaks.held, remote->held != NULL);
                peak(&peaks.asked, remote->n_spawned);
        }
        for (const Client *client = node->clients; client; client = client->hh.next)
                peak(&peaks.stalled, client->stream.paused);
        peak(&peaks.spawned, node->n_spawned);
        peak(&peaks.half_open, node->half_open);
        peak(&peaks.up, node->peers_up);
        peak(&peaks.dials, node->dials);
        peaks.names |= node->names != NULL;
        peaks.obituaries |= node->obituaries != NULL;
}

static void check_sums(const Node *node) {
        check_users(node);
        check_clients(node);
        check_ports(node);
        check_peers(node);
        look(node);
        check(!node->source && !node->relayer && node->hops == 0);
}

static void check_nothing(const Node *node) {
        check(!node->clients && !node->users && !node->ports && !node->names && !node->funcs);
        check(!node->remotes && !node->contacts && !node->mons.mons);
        check(list_is_empty(&node->node_watchers) && list_is_empty(&node->conns) &&
                list_is_empty(&node->dirty));
        check_int(HASH_COUNT(node->lookups), ==, 1); /* the seed's, which nobody answers */
        check_int(node->n_clients + node->n_attached + node->n_spawned + node->half_open + node->peers_up +
                        node->dials,
                ==, 0);
}

/* --- what they do ------------------------------------------------------------------------------------ */

static const char *const nodes[] = {"host1", "n1", "n2", "n3", "n4", "seed", "x1", "x2", "x3", "x4", "x5"};

static void end_add(RigEnd *end, Kind kind) {
        (void) end;
        kinds[rig->n_ends - 1] = kind;
}

static RigEnd *end_any(Kind kind) {
        RigEnd *found = NULL;
        unsigned n = 0;

        for (size_t i = 0; i < rig->n_ends; i++)
                if (kinds[i] == kind && rig->ends[i]->stream && below(++n) == 0)
                        found = rig->ends[i];

        return found;
}

/* A form's letters: N node, I port ID, P port name, O own port, D digit, F filler. */
static void put_word(Buf *to, char letter, const RigEnd *end) {
        const RigEnd *client = end_any(KIND_CLIENT);

        switch (letter) {
        case 'N':
                buf_printf(to, "%s", PICK(nodes));
                return;
        case 'I':
                buf_printf(to, "%s#", PICK(nodes));
                put_word(to, 'P', end);
                return;
        case 'P':
                if (client && below(4) > 0)
                        buf_printf(to, "%s%u", client->prefix, below(3));
                else
                        buf_printf(to, "spawned-%u", below(12));
                return;
        case 'O':
                buf_printf(to, "%s%u", end->prefix, below(3));
                return;
        case 'F':
                for (unsigned i = 0; i < 3000; i++)
                        buf_putc(to, 'x');
                return;
        default:
                buf_printf(to, "%u", below(4));
        }
}

/* Says it, with something for each letter that stands behind a '$'. */
static void say(RigEnd *end, const char *form) {
        _cleanup_buf_ Buf text = BUF_INIT;

        if (!end)
                return;
        for (const char *p = form; *p; p++)
                if (*p == '$')
                        put_word(&text, *++p, end);
                else
                        buf_putc(&text, (uint8_t) *p);
        buf_putc(&text, '\0');
        rig_say(end, "%s", (const char *) text.data);
}

static void client_says(void) {
        static const char *const forms[] = {
                "[\"$I\",\"$F\"]",
                "[\"$I\",\"$F\"]",
                "[\"$N\",\"devnull\"]",
                "[\"\",\"mon1\",\"$I\"]",
                "[\"\",\"mon1\",\"$I\"]",
                "[\"\",\"mon1\",\"host1#$P\"]",
                "[\"\",\"mon1\",\"$N\"]",
                "[\"\",\"mon0\",\"$I\"]",
                "[\"\",\"kil1\",\"$I\",\"go\"]",
                "[\"\",\"snd\",\"$I\",\"x\"]",
                "[\"\",\"func1\",\"F::a\"]",
                "[\"\",\"func1\",\"F::\"]",
                "[\"\",\"func0\",\"F::a\"]",
                "[\"\",\"F::a\",\"$I\"]",
                "[\"$N\",\"AnyEvent::MP::_spawn\",\"$P\",\"F::a\"]",
                "[\"\",\"AnyEvent::MP::_spawn\",\"$P\",\"F::a\"]",
                "[\"\",\"AnyEvent::MP::_spawn\",\"$P\",\"G::a\"]",
                "[\"\",\"reg1\",\"name-$D\",\"$O\"]",
                "[\"\",\"reg1\",\"name-$D\",\"$P\"]",
                "[\"\",\"reg0\",\"name-$D\"]",
                "[\"\",\"kil0\",\"$O\"]",
                "[\"\",\"kil0\",\"$P\",\"die\"]",
                "[\"\",\"nodes1\"]",
                "[\"\",\"nodes0\"]",
                "[\"\",\"down\",\"$N\"]",
                "[\"\",\"down\",\"$N\"]",
                "[\"\",\"aempd::clients\",\"$I\"]",
        };

        say(end_any(KIND_CLIENT), below(100) ? PICK(forms) : "[\"\",\"bye\"]");
}

static void peer_says(void) {
        static const char *const forms[] = {
                "[\"$P\",\"x\"]",
                "[\"\",\"mon1\",\"$P\"]",
                "[\"\",\"mon1\",\"$P\"]",
                "[\"\",\"mon0\",\"$P\"]",
                "[\"\",\"kil0\",\"$P\"]",
                "[\"\",\"kil1\",\"$P\"]",
                "[\"\",\"AnyEvent::MP::_spawn\",\"$P\",\"F::a\",1]",
                "[\"\",\"AnyEvent::MP::_spawn\",\"$P\",\"G::a\",1]",
                "[\"\",\"snd\",\"$I\",\"$F\"]",
                "[\"\",\"g_find\",\"$N\"]",
                "[\"\",\"g_found\",\"$N\",[\"192.0.2.9:4040\"]]",
                "[\"\",\"g_slave\",{\"'l\":{\"$N\":[\"192.0.2.9:4040\"]}}]",
                "[\"\",\"F::b\",\"$P\"]",
        };

        say(end_any(KIND_PEER), PICK(forms));
}

static void somebody_comes(void) {
        static const uid_t uids[] = {0, 1000, 1001};
        static const char *const keys[] = {"", ";aempd=1", ";src=1"};
        RigEnd *end;
        unsigned what = below(10);

        if (rig->n_ends >= ENDS)
                return;
        if (what < 4) {
                end_add(rig_client_of(rig, "x", uids[below(3)], PICK(keys)), KIND_CLIENT);
                return;
        }

        end = rig_accept_from(rig, below(2) ? "192.0.2.1:1" : "198.51.100.1:1");
        if (!end)
                return;
        end_add(end, KIND_STRANGER);
        if (what < 5)
                return;
        rig_greet(end, nodes[1 + below(5)], PICK(keys));
        if (what < 6 || !end->stream)
                return;
        rig_auth(end, what < 7 ? "wrong" : RIG_SECRET);
        if (end->stream) {
                (void) (end->in.len > 0 && rig_line(end));
                kinds[rig->n_ends - 1] = KIND_PEER;
        }
}

static void node_gets_on(void) {
        RigEnd *end;

        if (rig->n_ends >= ENDS)
                return;
        while (rig->n_lookups > 0 && rig->n_ends < ENDS)
                rig_resolve(rig, rig->lookups[0].address, below(3) ? "192.0.2.9:4040" : NULL);
        if (rig->n_connects == 0 || below(3) == 0)
                return;

        end = rig_connected(rig);
        rig_greet(end, nodes[1 + below(5)], "");
        if (!end->stream || below(3) == 0)
                return;
        if (end->in.len > 0)
                rig_line(end);
        rig_auth(end, RIG_SECRET);
        for (size_t i = 0; i < rig->n_ends; i++)
                if (rig->ends[i] == end)
                        kinds[i] = KIND_PEER;
}

static void limits(NodeConfig *config) {
        config->max_half_open = 6;
        config->max_clients = 300;
        config->max_monitors = 6;
        config->max_contacts = 4;
        config->max_names = 4;
        config->max_spawned = 3;
}

static void step(void) {
        static const uint64_t times[] = {1, 1000, USEC_PER_SEC, 5 * USEC_PER_SEC, 60 * USEC_PER_SEC};
        unsigned what = below(100);

        if (what < 12)
                somebody_comes();
        else if (what < 60)
                client_says();
        else if (what < 80)
                peer_says();
        else if (what < 88)
                node_gets_on();
        else if (what < 94)
                rig_sleep(rig, times[below(5)]);
        else {
                Kind kind = (Kind) below(3);
                RigEnd *end = end_any(kind);

                if (end && (kind == KIND_STRANGER || below(2)))
                        rig_close(end, "x");
                else if (end)
                        end->slow = !end->slow;
        }
}

/* Everybody reads, and what can't be reached has been given up: then nobody waits for anything. */
static void settle(void) {
        for (size_t i = 0; i < rig->n_ends; i++)
                if (rig->ends[i]->slow) {
                        rig->ends[i]->slow = false;
                        if (rig->ends[i]->stream)
                                node_dirty(rig->node, rig->ends[i]->stream);
                }
        rig_sleep(rig, 120 * USEC_PER_SEC);
        for (const Client *client = rig->node->clients; client; client = client->hh.next)
                check(!client->stream.paused);
        check_int(rig->node->half_open + rig->node->dials, ==, 0);
}

static void run(uint64_t seed) {
        static const char *const seeds[] = {"192.0.2.2:4040", NULL};

        state = seed * 0x9e3779b97f4a7c15ULL + 1;
        rig = rig_new_with("host1", seeds, limits);
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                kinds[i] = KIND_STRANGER;
        for (unsigned i = 0; i < STEPS; i++) {
                step();
                check_sums(rig->node);
                if (i % 200 == 199)
                        settle();
        }

        for (unsigned i = 0; i < 40; i++) {
                /* one kind long before the other */
                for (size_t k = 0; k < rig->n_ends; k++)
                        if (rig->ends[k]->stream && (i > 20 || (kinds[k] == KIND_CLIENT) == seed % 2))
                                rig_close(rig->ends[k], "x");
                rig_sleep(rig, 60 * USEC_PER_SEC);
                check_sums(rig->node);
        }
        check_nothing(rig->node);
        rig_free(rig);
}

TEST(all_have_gone) {
        for (uint64_t seed = 1; seed <= 300; seed++)
                run(seed);

        check(peaks.unsent > 0 && peaks.relayed > 0 && peaks.held && peaks.stalled && peaks.names &&
                peaks.obituaries);
        check_int(peaks.asked, ==, 3);
        check_int(peaks.spawned, >, 3);
        check_int(peaks.half_open, ==, 6);
        check_int(peaks.up, >=, 4);
        check_int(peaks.dials, >=, 3);
}
