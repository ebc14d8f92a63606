/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Slots
 *
 * The base of everything that was started and can be stopped. It is the program's, or floating: then the
 * library's, which drops it when its work is done. While a callback runs its slot is pinned, so that it may
 * drop it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "libclient/public.h"
#include "wire/list.h"

typedef struct SlotType {
        size_t size;
        bool has_port; /* one of its own from the start: aemp_slot_set_port() gives no other */
        /* Takes it out of wherever it waits; its links are unlinked already. May be NULL. */
        void (*stop)(aemp_slot *slot);
        /* Frees what it owns. May be NULL. */
        void (*deinit)(aemp_slot *slot);
} SlotType;

struct aemp_slot {
        const SlotType *type;
        aemp *a;         /* NULL when its work is done */
        aemp_port *port; /* it belongs to, or NULL */
        List link;       /* among its kind */
        List port_link;  /* among those of its port */
        List all_link;   /* among all that work */
        unsigned ref;
        unsigned pins;
        bool floating;
};

/* Zeroed behind the base. To be given, or freed with aemp_slot_unref(). */
int slot_new(aemp *a, const SlotType *type, aemp_slot **ret);
/* To the program, or to the library when it didn't ask for it. */
void slot_give(aemp_slot *slot, aemp_slot **ret);
/* Its work is done. */
void slot_end(aemp_slot *slot);
/* ...of all there are. */
void slots_end(aemp *a);

void slot_pin(aemp_slot *slot);
void slot_unpin(aemp_slot *slot);
/* Its callback returned that: above 0 it has done its work. Unpins. */
void slot_returned(aemp_slot *slot, int r);
