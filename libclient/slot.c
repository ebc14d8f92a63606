/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Slots
 */

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "libclient/slot.h"

static void slot_collect(aemp_slot *slot) {
        if (slot->ref > 0 || slot->pins > 0)
                return;

        if (slot->type->deinit)
                slot->type->deinit(slot);
        free(slot);
}

static void slot_stop(aemp_slot *slot) {
        if (!slot->a)
                return;

        list_unlink(&slot->link);
        list_unlink(&slot->port_link);
        list_unlink(&slot->all_link);
        if (slot->type->stop)
                slot->type->stop(slot);
        slot->a = NULL;
        slot->port = NULL;
}

int slot_new(aemp *a, const SlotType *type, aemp_slot **ret) {
        aemp_slot *slot;

        slot = calloc(1, type->size);
        if (!slot)
                return -ENOMEM;

        slot->type = type;
        slot->a = a;
        slot->ref = 1;
        list_init(&slot->link);
        list_init(&slot->port_link);
        list_init(&slot->all_link);
        list_append(&a->slots, &slot->all_link);

        *ret = slot;
        return 0;
}

void slot_give(aemp_slot *slot, aemp_slot **ret) {
        if (ret)
                *ret = slot;
        else
                slot->floating = true;
}

void slot_end(aemp_slot *slot) {
        slot_stop(slot);
        if (!slot->floating)
                return;

        slot->floating = false;
        slot->ref--;
        slot_collect(slot);
}

void slots_end(aemp *a) {
        while (!list_is_empty(&a->slots))
                slot_end(container_of(a->slots.next, aemp_slot, all_link));
}

void slot_pin(aemp_slot *slot) {
        slot->pins++;
}

void slot_unpin(aemp_slot *slot) {
        slot->pins--;
        slot_collect(slot);
}

void slot_returned(aemp_slot *slot, int r) {
        if (r > 0)
                slot_end(slot);
        slot_unpin(slot);
}

aemp_slot *aemp_slot_ref(aemp_slot *slot) {
        if (slot)
                slot->ref++;
        return slot;
}

aemp_slot *aemp_slot_unref(aemp_slot *slot) {
        if (!slot || --slot->ref > 0)
                return NULL;

        slot_stop(slot);
        slot_collect(slot);
        return NULL;
}

int aemp_slot_set_port(aemp_slot *slot, aemp_port *port) {
        int r;

        if (!slot || !port)
                return -EINVAL;
        if (!slot->a || !port->a)
                return -ESTALE;
        r = aemp_check(slot->a);
        if (r < 0)
                return r;
        if (slot->a != port->a || slot->type->has_port)
                return -EINVAL;

        return port_adopt(port, slot);
}
