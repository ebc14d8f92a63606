/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/charge.h"
#include "daemon/core/client.h"
#include "daemon/core/conn.h"
#include "daemon/core/core.h"
#include "daemon/core/obituary.h"
#include "daemon/core/plant.h"
#include "daemon/core/remote.h"
#include "daemon/core/seed.h"
#include "daemon/core/source.h"
#include "wire/json.h"

/* 59 bits and more: no two starts of any node have the same. */
#define PREFIX_RANDOM 10

#ifdef PLANTED_BUGS
const char *planted_bug;

bool planted(const char *name) {
        return planted_bug && strcmp(planted_bug, name) == 0;
}
#endif

/* --- for the other parts ----------------------------------------------------------------------------- */

void node_dirty(Node *node, Stream *stream) {
        if (list_is_empty(&stream->dirty))
                list_append(&node->dirty, &stream->dirty);
}

void node_random_text(Node *node, char *to, size_t n) {
        static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        uint8_t octets[64];
        size_t at = 0;

        while (at < n) {
                node->edge->random(node->userdata, octets, sizeof(octets));
                for (size_t i = 0; i < sizeof(octets) && at < n; i++)
                        if ((octets[i] & 63) < 62) /* all equally likely */
                                to[at++] = alphabet[octets[i] & 63];
        }
        to[n] = '\0';
}

void node_event(Node *node, EventType type, const char *id, const char *who, const char *text) {
        const Event event = {.type = type, .node = id, .who = who, .text = text};

        if (type == EVENT_CONN_REFUSED)
                refusals_add(&node->refusals, id, who, text, node->realtime);
        node->edge->event(node->userdata, &event);
}

void node_eventf(Node *node, EventType type, const char *id, const char *who, const char *format, ...) {
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        node_event(node, type, id, who, text);
}

int node_queue(Node *node, Stream *stream, Framing framing, const Msg *msg) {
        uint8_t *room;
        int r;

        node_dirty(node, stream);
        if (framing == FRAMING_CBOR)
                return msg_queue(&stream->out, msg->to, msg->n, msg->tail, msg->tail_len);

        buf_reset(&node->plain);
        room = buf_extend(&node->plain, msg_size_max(msg->to, msg->tail_len));
        if (!room)
                return -ENOMEM;
        node->plain.len = msg_write(room, msg->to, msg->n, msg->tail, msg->tail_len);

        buf_reset(&node->json);
        r = json_from_cbor(node->plain.data, node->plain.len, &node->json);
        if (r < 0)
                return r;
        buf_putc(&node->json, '\n'); /* white space, for those who read lines */

        return buf_error(&node->json) ?: queue_put(&stream->out, node->json.data, node->json.len);
}

Reason node_transport_error(Node *node, const char *id, const char *text) {
        return reason_make(&node->reason, "transport_error", id, text);
}

/* --- for the edge ------------------------------------------------------------------------------------ */

void node_set_time(Node *node, uint64_t monotonic, uint64_t realtime) {
        node->now = monotonic;
        node->realtime = realtime;
        if (node->started == 0)
                node->started = monotonic;
}

uint64_t node_deadline(const Node *node) {
        return timers_next(&node->timers);
}

void node_tick(Node *node) {
        timers_run(&node->timers, node->now);
}

Stream *node_next_dirty(Node *node) {
        List *link = list_pop(&node->dirty);

        return link ? container_of(link, Stream, dirty) : NULL;
}

unsigned node_clients(const Node *node) {
        return node->n_attached;
}

unsigned node_peers_up(const Node *node) {
        return node->peers_up;
}

const char *node_id(const Node *node) {
        return node->config.id;
}

static void binds_free(Node *node) {
        for (size_t i = 0; i < node->n_binds; i++)
                free(node->binds[i]);
        free(node->binds);
        node->binds = NULL;
        node->n_binds = 0;
}

int node_set_binds(Node *node, const char *const *addresses, size_t n) {
        char **binds;

        binds = calloc(n + 1, sizeof(*binds));
        if (!binds)
                return -ENOMEM;

        binds_free(node);
        node->binds = binds;
        for (; node->n_binds < n; node->n_binds++) {
                binds[node->n_binds] = strdup(addresses[node->n_binds]);
                if (!binds[node->n_binds])
                        return -ENOMEM;
        }

        return 0;
}

void node_start(Node *node) {
        seeds_start(node->seeds);
}

static int node_copy_config(Node *node, const NodeConfig *config) {
        int r;

        node->config = *config;
        node->config.seeds = NULL;
        node->config.secrets = NULL;
        node->config.auth_offer = node->config.auth_accept = node->config.framings = NULL;
        node->config.admins = NULL;

        node->config.id = strdup(config->id);
        if (!node->config.id)
                return -ENOMEM;
        node->id = str_from(node->config.id);

        if (config->n_admins > 0) {
                uid_t *admins = calloc(config->n_admins, sizeof(*admins));

                if (!admins)
                        return -ENOMEM;
                memcpy(admins, config->admins, config->n_admins * sizeof(*admins));
                node->config.admins = admins;
        }

        r = auth_new(&node->auth, config->secrets, config->n_secrets);
        if (r < 0)
                return r;

        return terms_init(&node->terms, config, node->auth);
}

static int node_init(Node *node, const NodeConfig *config) {
        uint8_t key[16];
        int r;

        node->edge->random(node->userdata, key, sizeof(key));
        hash_seed(key);

        r = node_copy_config(node, config);
        if (r < 0)
                return r;

        node->prefix = malloc(PREFIX_RANDOM + 2);
        if (!node->prefix)
                return -ENOMEM;
        node_random_text(node, node->prefix, PREFIX_RANDOM);
        memcpy(node->prefix + PREFIX_RANDOM, ".", 2);
        node->prefix_len = PREFIX_RANDOM + 1;
        node_random_text(node, node->start, START_LEN);

        r = sources_new(&node->sources, node);
        if (r < 0)
                return r;

        return seeds_new(&node->seeds, node, config->seeds);
}

int node_new(Node **ret, const NodeConfig *config, const NodeEdge *edge, void *userdata) {
        Node *node;
        int r;

        if (!node_id_is_valid(str_from(config->id)) || config->max_message < 1024 ||
                config->heartbeat_interval == 0 || config->handshake_timeout == 0 ||
                config->monitor_timeout == 0)
                return -EINVAL;

        node = calloc(1, sizeof(*node));
        if (!node)
                return -ENOMEM;

        node->edge = edge;
        node->userdata = userdata;
        node->next_client = 1;
        list_init(&node->node_watchers);
        list_init(&node->obituaries_by_age);
        list_init(&node->conns);
        list_init(&node->dirty);

        r = node_init(node, config);
        if (r < 0) {
                node_free(node);
                return r;
        }

        *ret = node;
        return 0;
}

Node *node_free(Node *node) {
        Remote *remote, *next;

        if (!node)
                return NULL;

        client_free_all(node);
        obituaries_free(node);
        refusals_deinit(&node->refusals);
        conn_free_all(node);
        HASH_ITER(hh, node->remotes, remote, next) {
                charges_release(remote); /* to each other */
        }
        HASH_ITER(hh, node->remotes, remote, next) {
                remote_free(remote);
        }
        seeds_free(node->seeds);
        sources_free(node->sources);
        auth_free(node->auth);
        binds_free(node);
        tail_deinit(&node->tail);
        buf_deinit(&node->reason);
        buf_deinit(&node->strings);
        buf_deinit(&node->cleaned);
        buf_deinit(&node->plain);
        buf_deinit(&node->json);
        free((char *) node->config.id);
        free((uid_t *) node->config.admins);
        free(node->prefix);
        free(node);
        return NULL;
}
