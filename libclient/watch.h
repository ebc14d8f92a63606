/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What aempd watches for us
 *
 * One Watch for each foreign port, however many monitors of ours there are on it. It outlives its last
 * monitor until the end of the turn, so that a call after the other to the same port costs no requests.
 */

#include "libclient/death.h"
#include "libclient/public.h"
#include "libclient/table.h"
#include "wire/list.h"
#include "wire/str.h"

typedef struct Watch {
        uint64_t hash;
        List idle_link;
        bool crossed; /* its request was under way when the node went down, see held.h */
        Death *death; /* its monitors, for when it comes */
} Watch;

typedef struct Watches {
        Table table;
        List idle;
} Watches;

void watches_init(Watches *watches);
void watches_deinit(Watches *watches);

/* Finds or starts one. The caller adds a monitor. */
int watch_get(aemp *a, Str id, Watch **ret);
/* A monitor was taken out. */
void watch_dropped(aemp *a, Watch *watch);

/* It died: runs the monitors. Nothing if it isn't watched. crossed: what ended is a monitor that crossed
 * `down`; one that was started since then is another. */
void watch_fire(aemp *a, Str id, const Content *reason, bool crossed);
/* Which one that ends, or NULL. */
Watch *watch_ended_by(const aemp *a, Str id, bool crossed);
/* Two names of the same. */
bool watch_is_same(const aemp *a, Str id, Str other);
/* That node went down: what is watched there and did not fire has crossed; tells each. False when fn said
 * so. */
bool watches_crossed(aemp *a, Str node, bool (*fn)(Str id, void *userdata), void *userdata);
/* All at once. */
void watches_fire(aemp *a, const Content *reason);
/* Stops those nobody needs any more. */
void watches_settle(aemp *a);
