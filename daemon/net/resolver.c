/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Name resolution
 *
 * c-ares may answer within the very call that asks (a numeric address, /etc/hosts, a cut-off at once). So an
 * answer is kept, and handed out in the next turn, whatever its source.
 *
 * c-ares reads resolv.conf when its channel is made, and never again. Networks change, so the channel is
 * made for the first query, and made anew when a query comes while no other is open.
 */

#include "daemon/net/resolver.h"

#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "wire/list.h"

/* Per server and round; the second round waits twice as long. */
#define RESOLVER_TIMEOUT_MSEC 2000
#define RESOLVER_TRIES 2
/* Of one name. */
#define RESOLVER_ADDRESSES_MAX 64

typedef struct Query {
        List link; /* open, or answered */
        Resolver *resolver;
        uint64_t id;
        ResolverFn fn;
        void *userdata;
        uint16_t port;
        Address *addresses;
        size_t n;
        const char *error; /* static */
} Query;

/* One socket of c-ares. */
typedef struct Watch {
        List link;
        int fd;
        sd_event_source *source;
} Watch;

struct Resolver {
        sd_event *event;
        sd_event_source *answers; /* pending when `answered` has some */
        sd_event_source *timer;
        ares_channel channel;
        bool has_channel;
        List open;
        List answered;
        List watches;
};

static Query *query_free(Query *query) {
        list_unlink(&query->link);
        free(query->addresses);
        free(query);
        return NULL;
}

static int query_new(Query **ret, Resolver *resolver, uint64_t id, ResolverFn fn, void *userdata) {
        Query *query = malloc(sizeof(*query));

        if (!query)
                return -ENOMEM;

        *query = (Query){.resolver = resolver, .id = id, .fn = fn, .userdata = userdata};
        list_init(&query->link);
        *ret = query;
        return 0;
}

static void query_done(Query *query, const char *error) {
        Resolver *resolver = query->resolver;

        query->error = error;
        list_unlink(&query->link);
        list_append(&resolver->answered, &query->link);
        /* An enabled defer source: can't fail. */
        (void) sd_event_source_set_enabled(resolver->answers, SD_EVENT_ONESHOT);
}

static int on_answers(sd_event_source *source, void *userdata) {
        Resolver *resolver = userdata;
        List now, *link;

        list_init(&now);
        list_move(&now, &resolver->answered);

        while ((link = list_pop(&now))) {
                Query *query = container_of(link, Query, link);

                query->fn(query->userdata, query->id, query->addresses, query->n, query->error);
                query_free(query);
        }

        return 0;
}

static void resolver_arm(Resolver *resolver) {
        struct timeval tv;
        uint64_t now;

        if (!resolver->has_channel || !ares_timeout(resolver->channel, NULL, &tv)) {
                (void) sd_event_source_set_enabled(resolver->timer, SD_EVENT_OFF);
                return;
        }

        (void) sd_event_now(resolver->event, CLOCK_MONOTONIC, &now);
        (void) sd_event_source_set_time(
                resolver->timer, now + (uint64_t) tv.tv_sec * 1000000 + (uint64_t) tv.tv_usec);
        (void) sd_event_source_set_enabled(resolver->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Resolver *resolver = userdata;

        ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        resolver_arm(resolver);
        return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Resolver *resolver = userdata;

        ares_process_fd(resolver->channel, revents & (EPOLLIN | EPOLLHUP | EPOLLERR) ? fd : ARES_SOCKET_BAD,
                revents & EPOLLOUT ? fd : ARES_SOCKET_BAD);
        resolver_arm(resolver);
        return 0;
}

static Watch *watch_find(Resolver *resolver, int fd) {
        LIST_FOREACH (link, &resolver->watches) {
                Watch *watch = container_of(link, Watch, link);

                if (watch->fd == fd)
                        return watch;
        }

        return NULL;
}

static Watch *watch_free(Watch *watch) {
        list_unlink(&watch->link);
        sd_event_source_disable_unref(watch->source);
        free(watch);
        return NULL;
}

/* c-ares wants that of its socket from now on; nothing: it is about to close it. Should this fail, its
 * timeout is there. */
static void on_socket_state(void *userdata, ares_socket_t fd, int readable, int writable) {
        Resolver *resolver = userdata;
        Watch *watch = watch_find(resolver, fd);
        uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);

        if (watch && events == 0)
                watch_free(watch);
        else if (watch)
                (void) sd_event_source_set_io_events(watch->source, events);
        else if (events != 0) {
                watch = malloc(sizeof(*watch));
                if (!watch)
                        return;

                *watch = (Watch){.fd = fd};
                list_init(&watch->link);
                if (sd_event_add_io(resolver->event, &watch->source, fd, events, on_socket, resolver) < 0)
                        watch_free(watch);
                else
                        list_append(&resolver->watches, &watch->link);
        }
}

static int resolver_open(Resolver *resolver) {
        struct ares_options options = {
                .sock_state_cb = on_socket_state,
                .sock_state_cb_data = resolver,
                .timeout = RESOLVER_TIMEOUT_MSEC,
                .tries = RESOLVER_TRIES,
        };
        int r;

        if (resolver->has_channel && !list_is_empty(&resolver->open))
                return 0;

        if (resolver->has_channel)
                ares_destroy(resolver->channel);

        r = ares_init_options(
                &resolver->channel, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
        resolver->has_channel = r == ARES_SUCCESS;

        return r == ARES_SUCCESS ? 0 : r == ARES_ENOMEM ? -ENOMEM : -EIO;
}

static int query_take(Query *query, const struct ares_addrinfo *info) {
        size_t n = 0;

        for (const struct ares_addrinfo_node *i = info->nodes; i; i = i->ai_next)
                n++;

        query->addresses = calloc(n ? n : 1, sizeof(*query->addresses));
        if (!query->addresses)
                return -ENOMEM;

        for (const struct ares_addrinfo_node *i = info->nodes; i && query->n < RESOLVER_ADDRESSES_MAX;
                i = i->ai_next) {
                Address *address = &query->addresses[query->n];

                if (address_from_sockaddr(address, i->ai_addr, i->ai_addrlen) < 0)
                        continue;

                address_set_port(address, query->port);
                query->n++;
        }

        return 0;
}

static void on_resolved(void *userdata, int status, int timeouts, struct ares_addrinfo *info) {
        Query *query = userdata;
        const char *error = NULL;

        if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) {
                query_free(query);
                return;
        }

        if (status != ARES_SUCCESS)
                error = ares_strerror(status);
        else if (query_take(query, info) < 0)
                error = "out of memory";
        else if (query->n == 0)
                error = "no address";

        if (info)
                ares_freeaddrinfo(info);

        query_done(query, error);
}

int resolver_refuse(Resolver *resolver, uint64_t id, ResolverFn fn, void *userdata, const char *error) {
        Query *query;
        int r;

        r = query_new(&query, resolver, id, fn, userdata);
        if (r < 0)
                return r;

        query_done(query, error);
        return 0;
}

static int query_numeric(Query *query, const Address *address) {
        query->addresses = malloc(sizeof(*address));
        if (!query->addresses)
                return -ENOMEM;

        query->addresses[0] = *address;
        query->n = 1;
        query_done(query, NULL);
        return 0;
}

int resolver_lookup(
        Resolver *resolver, const Endpoint *endpoint, uint64_t id, ResolverFn fn, void *userdata) {
        struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        Address address;
        Query *query;
        int r;

        r = query_new(&query, resolver, id, fn, userdata);
        if (r < 0)
                return r;

        query->port = endpoint->port;

        if (address_from_host(&address, endpoint->host, endpoint->port) >= 0)
                r = query_numeric(query, &address);
        else
                r = resolver_open(resolver);
        if (r < 0) {
                query_free(query);
                return r;
        }

        if (query->n > 0)
                return 0;

        list_append(&resolver->open, &query->link);
        ares_getaddrinfo(resolver->channel, endpoint->host, NULL, &hints, on_resolved, query);
        resolver_arm(resolver);
        return 0;
}

static int resolver_watch(Resolver *resolver) {
        int r;

        r = sd_event_add_defer(resolver->event, &resolver->answers, on_answers, resolver);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(resolver->answers, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = sd_event_add_time(resolver->event, &resolver->timer, CLOCK_MONOTONIC, 0, 0, on_timer, resolver);
        if (r < 0)
                return r;

        return sd_event_source_set_enabled(resolver->timer, SD_EVENT_OFF);
}

int resolver_new(Resolver **ret, sd_event *event) {
        Resolver *resolver;
        int r;

        resolver = malloc(sizeof(*resolver));
        if (!resolver)
                return -ENOMEM;

        *resolver = (Resolver){.event = sd_event_ref(event)};
        list_init(&resolver->open);
        list_init(&resolver->answered);
        list_init(&resolver->watches);

        r = resolver_watch(resolver);
        if (r < 0) {
                resolver_free(resolver);
                return r;
        }

        *ret = resolver;
        return 0;
}

Resolver *resolver_free(Resolver *resolver) {
        if (!resolver)
                return NULL;

        /* Frees the open queries, by on_resolved(), and the watches, by on_socket_state(). */
        if (resolver->has_channel)
                ares_destroy(resolver->channel);

        LIST_FOREACH (link, &resolver->answered)
                query_free(container_of(link, Query, link));
        LIST_FOREACH (link, &resolver->watches)
                watch_free(container_of(link, Watch, link));

        assert(list_is_empty(&resolver->open));

        sd_event_source_disable_unref(resolver->answers);
        sd_event_source_disable_unref(resolver->timer);
        sd_event_unref(resolver->event);
        free(resolver);
        return NULL;
}
