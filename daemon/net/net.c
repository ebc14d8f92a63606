/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The network side of a node
 */

#include "daemon/net/net.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/net/binds.h"
#include "daemon/net/link.h"
#include "daemon/net/resolver.h"

struct Net {
        NetConfig config;
        NetReadyFn fn;
        void *userdata;
        Node *node;
        Resolver *resolver;
        Links links;
        Binds *binds;
};

int net_new(Net **ret, PumpRoom *room, const NetConfig *config, NetReadyFn fn, void *userdata) {
        Net *net;
        int r;

        net = malloc(sizeof(*net));
        if (!net)
                return -ENOMEM;

        *net = (Net){.config = *config, .fn = fn, .userdata = userdata};
        links_init(&net->links, room);
        net->links.monitor_timeout = config->monitor_timeout;
        net->links.heartbeat_interval = config->heartbeat_interval;
        net->links.nodelay = config->nodelay;
        net->links.certificate = config->certificate;

        r = resolver_new(&net->resolver, room->event);
        if (r < 0) {
                net_free(net);
                return r;
        }

        *ret = net;
        return 0;
}

Net *net_free(Net *net) {
        if (!net)
                return NULL;

        binds_free(net->binds);
        resolver_free(net->resolver);
        links_deinit(&net->links);
        free(net);
        return NULL;
}

static int net_announce(Net *net) {
        char **announced;
        size_t n = 0;
        int r;

        r = binds_announced(net->binds, &announced);
        if (r < 0)
                return r;

        while (announced[n])
                n++;

        r = node_set_binds(net->node, (const char *const *) announced, n);
        if (n == 0 && net->config.binds[0])
                log_warn("no address to announce: other nodes can't find this one");

        for (size_t i = 0; i < n; i++)
                free(announced[i]);
        free(announced);
        return r;
}

static void on_binds(void *userdata, int r) {
        Net *net = userdata;

        if (r >= 0) {
                r = net_announce(net);
                if (r < 0)
                        log_error_errno(r, "can't tell the own addresses");
        }

        net->fn(net->userdata, r);
}

int net_open(Net *net, Node *node) {
        int r;

        assert(!net->binds);

        net->node = node;
        r = binds_new(&net->binds, &net->links, net->resolver, node);
        if (r < 0)
                return r;

        return binds_open(net->binds, net->config.binds, on_binds, net);
}

static int numeric_address(Address *ret, const char *text) {
        Endpoint endpoint;
        int r;

        r = endpoint_parse(&endpoint, text);
        if (r < 0)
                return r;
        if (endpoint.port == 0)
                return -EINVAL;

        return address_from_host(ret, endpoint.host, endpoint.port);
}

void net_connect(Net *net, Stream *stream, const char *address) {
        Address to = {};
        int r;

        /* What other nodes announced is checked by the kernel: no address family, no connection. */
        (void) numeric_address(&to, address);

        r = link_connect(&net->links, stream, &to);
        if (r < 0)
                log_error_errno(r, "%s: can't connect", address);
}

static void on_resolved(void *userdata, uint64_t id, const Address *addresses, size_t n, const char *error) {
        Net *net = userdata;
        char(*texts)[ADDRESS_TEXT_MAX];
        const char **list;

        texts = calloc(n ? n : 1, sizeof(*texts));
        list = calloc(n ? n : 1, sizeof(*list));

        if (!texts || !list)
                node_resolved(net->node, id, NULL, 0, "out of memory");
        else {
                for (size_t i = 0; i < n; i++)
                        list[i] = address_to_text(&addresses[i], texts[i]);
                node_resolved(net->node, id, list, n, error);
        }

        free(texts);
        free(list);
}

void net_resolve(Net *net, uint64_t id, const char *address) {
        Endpoint endpoint;
        int r;

        if (endpoint_parse(&endpoint, address) < 0 || !endpoint_is_connectable(&endpoint))
                r = resolver_refuse(net->resolver, id, on_resolved, net, "not a host:port");
        else
                r = resolver_lookup(net->resolver, &endpoint, id, on_resolved, net);
        if (r < 0)
                log_error_errno(r, "%s: can't resolve", address);
}
