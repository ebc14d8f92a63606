/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Name resolution
 *
 * DNS and /etc/hosts, without ever blocking.
 */

#include <systemd/sd-event.h>

#include "daemon/net/endpoint.h"

typedef struct Resolver Resolver;

/* Addresses with the endpoint's port, or none and the reason for people. Never called from within
 * resolver_lookup(). */
typedef void (*ResolverFn)(
        void *userdata, uint64_t id, const Address *addresses, size_t n, const char *error);

int resolver_new(Resolver **ret, sd_event *event);
/* What is still open is never answered. */
Resolver *resolver_free(Resolver *resolver);

/* A numeric host is answered too. */
int resolver_lookup(
        Resolver *resolver, const Endpoint *endpoint, uint64_t id, ResolverFn fn, void *userdata);
/* The answer for something that isn't an endpoint. */
int resolver_refuse(Resolver *resolver, uint64_t id, ResolverFn fn, void *userdata, const char *error);
