/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this node can agree on
 *
 * Methods and framings of its configuration, less those that can't work here, in order of preference. Of
 * what we send, the other side's order decides.
 */

#include "daemon/core/auth.h"
#include "wire/frame.h"

typedef struct Terms {
        AuthMethod accept[_AUTH_METHOD_MAX];
        size_t n_accept;
        AuthMethod offer[_AUTH_METHOD_MAX]; /* what we are willing to send */
        size_t n_offer;
        Framing framings[_FRAMING_MAX];
        size_t n_framings;
} Terms;

/* 0, or -EINVAL: a name that is none, no framing at all. */
int terms_init(Terms *terms, const NodeConfig *config, const Auth *auth);

/* As the greeting has them. */
void terms_put_accept(const Terms *terms, Buf *to);
void terms_put_framings(const Terms *terms, Buf *to);
/* What we would send on a connection with or without TLS. */
void terms_put_offer(const Terms *terms, bool tls, Buf *to);

/* May it come on a connection with or without TLS? */
bool terms_accepts(const Terms *terms, AuthMethod method, bool tls);
bool terms_accepts_framing(const Terms *terms, Framing framing);
/* Is there any that may? */
bool terms_accepts_any(const Terms *terms, bool tls);

/* The first in the other side's list that we would send; _INVALID: none. */
AuthMethod terms_choose(const Terms *terms, Str list, bool tls);
Framing terms_choose_framing(const Terms *terms, Str list);
