/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Binds
 *
 * A name may stand for addresses that this host does not have, or has no protocol for; that is fine as long
 * as one of them can be listened on. Anything else that fails is an error: a node that others can't reach
 * should not look as if all were well.
 */

#include "daemon/net/binds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/log.h"
#include "wire/strv.h"

struct Binds {
        Links *links;
        Resolver *resolver;
        Node *node;
        List listeners;

        const char *const *endpoints; /* while opening */
        size_t pending;
        int error;
        sd_event_source *done;
        BindsFn fn;
        void *userdata;
};

static bool is_unavailable(int r) {
        return r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT;
}

static int binds_listen(Binds *binds, Address *address) {
        char text[ADDRESS_TEXT_MAX];
        Listener *listener;
        int r;

        r = listener_new(&listener, binds->links, binds->node, address);
        if (r < 0)
                return r;

        *address = listener->address;
        list_append(&binds->listeners, &listener->link);
        log_note("listening on %s", address_to_text(address, text));
        return 0;
}

static bool address_is_wildcard(const Address *address) {
        if (address->any.sa_family == AF_INET)
                return address->in.sin_addr.s_addr == htonl(INADDR_ANY);

        return IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
}

/* IPv4 and IPv6, on the same port if that can be had. */
static int binds_listen_everywhere(Binds *binds, uint16_t port) {
        Address v4 = address_wildcard(AF_INET, port), v6;
        bool any = port == 0;
        int r4, r6;

        r4 = binds_listen(binds, &v4);
        if (r4 < 0 && !is_unavailable(r4))
                return r4;

        v6 = address_wildcard(AF_INET6, r4 < 0 ? port : address_port(&v4));
        r6 = binds_listen(binds, &v6);
        if (r6 == -EADDRINUSE && any) {
                v6 = address_wildcard(AF_INET6, 0);
                r6 = binds_listen(binds, &v6);
        }

        return is_unavailable(r6) ? r4 : r6;
}

/* One endpoint is open, or couldn't be opened. */
static void binds_settle(Binds *binds, const char *endpoint, int r) {
        if (r < 0) {
                binds->error = log_error_errno(r, "can't listen on %s", endpoint);
                if (r == -EADDRINUSE)
                        log_note("does another aempd run? \"ss -ltnp\" shows who listens");
        }

        /* An enabled defer source: can't fail. */
        if (--binds->pending == 0)
                (void) sd_event_source_set_enabled(binds->done, SD_EVENT_ONESHOT);
}

static void on_resolved(void *userdata, uint64_t id, const Address *addresses, size_t n, const char *error) {
        Binds *binds = userdata;
        const char *endpoint = binds->endpoints[id];
        size_t opened = 0;
        int last = 0;

        if (error) {
                log_error("can't listen on %s: can't resolve its host: %s", endpoint, error);
                binds->error = -EADDRNOTAVAIL;
                binds_settle(binds, endpoint, 0);
                return;
        }

        for (size_t i = 0; i < n; i++) {
                Address address = addresses[i];
                int r = binds_listen(binds, &address);

                if (r >= 0)
                        opened++;
                else {
                        last = r;
                        if (!is_unavailable(r))
                                break;
                }
        }

        binds_settle(binds, endpoint, opened > 0 && is_unavailable(last) ? 0 : last);
}

static int on_done(sd_event_source *source, void *userdata) {
        Binds *binds = userdata;

        binds->fn(binds->userdata, binds->error);
        return 0;
}

/* Calls binds_settle(), now or later, unless it fails. */
static int binds_open_one(Binds *binds, size_t i) {
        Endpoint endpoint;
        struct utsname host;
        int r;

        r = endpoint_parse(&endpoint, binds->endpoints[i]);
        if (r < 0)
                return r;

        if (strcmp(endpoint.host, "*") == 0) {
                binds_settle(binds, binds->endpoints[i], binds_listen_everywhere(binds, endpoint.port));
                return 0;
        }

        if (endpoint.host[0] == '\0') {
                (void) uname(&host);
                (void) stpncpy(endpoint.host, host.nodename, sizeof(endpoint.host) - 1);
        }

        return resolver_lookup(binds->resolver, &endpoint, i, on_resolved, binds);
}

int binds_open(Binds *binds, const char *const *endpoints, BindsFn fn, void *userdata) {
        binds->endpoints = endpoints;
        binds->fn = fn;
        binds->userdata = userdata;
        binds->pending = 1;

        for (size_t i = 0; endpoints[i]; i++) {
                int r;

                binds->pending++;
                r = binds_open_one(binds, i);
                if (r < 0)
                        return r;
        }

        binds_settle(binds, NULL, 0);
        return 0;
}

int binds_new(Binds **ret, Links *links, Resolver *resolver, Node *node) {
        Binds *binds;
        int r;

        binds = malloc(sizeof(*binds));
        if (!binds)
                return -ENOMEM;

        *binds = (Binds){.links = links, .resolver = resolver, .node = node};
        list_init(&binds->listeners);

        r = sd_event_add_defer(links->room->event, &binds->done, on_done, binds);
        if (r >= 0)
                r = sd_event_source_set_enabled(binds->done, SD_EVENT_OFF);
        if (r < 0) {
                binds_free(binds);
                return r;
        }

        *ret = binds;
        return 0;
}

Binds *binds_free(Binds *binds) {
        if (!binds)
                return NULL;

        LIST_FOREACH (i, &binds->listeners)
                listener_free(container_of(i, Listener, link));

        sd_event_source_disable_unref(binds->done);
        free(binds);
        return NULL;
}

/* Appends the text of an address that isn't in there yet. */
static int strv_add_address(char ***strv, const Address *address) {
        char text[ADDRESS_TEXT_MAX], **grown;
        size_t n = 0;

        (void) address_to_text(address, text);
        for (; *strv && (*strv)[n]; n++)
                if (strcmp((*strv)[n], text) == 0)
                        return 0;

        grown = reallocarray(*strv, n + 2, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        *strv = grown;
        grown[n + 1] = NULL;
        grown[n] = strdup(text);
        return grown[n] ? 0 : -ENOMEM;
}

static int strv_add_listener(char ***strv, const Listener *listener) {
        Address *local;
        size_t n;
        int r;

        if (!address_is_wildcard(&listener->address))
                return strv_add_address(strv, &listener->address);

        r = address_list_local(listener->address.any.sa_family, &local, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n && r >= 0; i++) {
                address_set_port(&local[i], address_port(&listener->address));
                r = strv_add_address(strv, &local[i]);
        }

        free(local);
        return r;
}

int binds_announced(const Binds *binds, char ***ret) {
        char **strv;

        strv = calloc(1, sizeof(*strv));
        if (!strv)
                return -ENOMEM;

        LIST_FOREACH (i, &binds->listeners) {
                int r = strv_add_listener(&strv, container_of(i, Listener, link));

                if (r < 0) {
                        strv_free(strv);
                        return r;
                }
        }

        *ret = strv;
        return 0;
}
