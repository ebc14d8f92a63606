/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who knows what is promised
 *
 * Sees all that programs do and are told, and says so when it isn't what AEMP promises: order, no hole
 * without its monitor, a monitor fires once and for a reason, ports never come back, nodes go up and down in
 * turn.
 */

#include "tests/world/talk.h"

/* Something is not as promised: the world stops. */
void oracle_fail(World *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

void oracle_event(Host *host, const Event *event);
void oracle_host_gone(Host *host);
void oracle_prefix(Prog *prog);

void oracle_watched(Talk *talk);
void oracle_sent(Talk *talk, Stamp *ret);
void oracle_delivered(World *world, const Prog *at, const Port *port, bool echo, const Stamp *stamp);
void oracle_fired(Talk *talk, CborCursor reason);
void oracle_down(View *view);
void oracle_node(View *view, bool up);

/* The world has been quiet and whole for long: nothing may be missing now. */
void oracle_end(World *world);
