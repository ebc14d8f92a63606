/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Well-known names
 *
 * A port's death ends its registration at aempd as well, and so does another one for the port or for the
 * name: only who drops a slot gives a name back. But when that other one is refused, aempd still has the
 * port under its earlier name, whose slot is done; then we give it back.
 */

#include "libclient/reg.h"

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"
#include "wire/cbor-head.h"
#include "wire/cbor.h"
#include "wire/id.h"

typedef struct RegSlot {
        aemp_slot slot;
        char *name;
        char *before; /* the port's name until then, which it keeps when this one is refused; or NULL */
        bool lost;    /* aempd has, or is about to have, another one in its place */
} RegSlot;

static void reg_slot_stop(aemp_slot *slot) {
        RegSlot *reg = container_of(slot, RegSlot, slot);

        if (!reg->lost && slot->port->a)
                tell_own(slot->a, "reg0", str_from(reg->name), &CONTENT_EMPTY);
}

static void reg_slot_deinit(aemp_slot *slot) {
        RegSlot *reg = container_of(slot, RegSlot, slot);

        free(reg->name);
        free(reg->before);
}

static const SlotType reg_slot_type = {
        .size = sizeof(RegSlot),
        .has_port = true,
        .stop = reg_slot_stop,
        .deinit = reg_slot_deinit,
};

static void reg_tell(aemp *a, const RegSlot *reg) {
        uint8_t port[CBOR_HEAD_MAX + NAME_ROOM];
        char room[NAME_ROOM];
        Str name = port_name(a, reg->slot.port, room);
        size_t n;

        n = cbor_head(port, CBOR_MAJOR_TEXT, name.n);
        memcpy(port + n, name.p, name.n);
        tell_own(a, "reg1", str_from(reg->name), &(Content){1, port, n + name.n});
}

/* What aempd gives up for the new one. */
static void reg_replace(aemp *a, RegSlot *by) {
        LIST_FOREACH (l, &a->regs) {
                RegSlot *reg = container_of(l, RegSlot, slot.link);
                bool same_name = strcmp(reg->name, by->name) == 0;

                if (reg->slot.port != by->slot.port && !same_name)
                        continue;

                if (!same_name) {
                        by->before = reg->name;
                        reg->name = NULL;
                }
                reg->lost = true;
                slot_end(&reg->slot);
        }
}

static int reg_check(const aemp_port *port, const char *name) {
        if (!port || !name || !*name || !port_name_is_valid(str_from(name)))
                return -EINVAL;

        return port->a ? aemp_check(port->a) : -ESTALE;
}

int aemp_reg(aemp_port *port, aemp_slot **ret, const char *name) {
        aemp_slot *slot;
        RegSlot *reg;
        aemp *a;
        int r;

        r = reg_check(port, name);
        if (r < 0)
                return r;

        a = port->a;
        r = slot_new(a, &reg_slot_type, &slot);
        if (r < 0)
                return r;

        reg = container_of(slot, RegSlot, slot);
        reg->lost = true; /* nothing to give back before it is there */
        reg->name = strdup(name);
        r = reg->name ? port_adopt(port, slot) : -ENOMEM;
        if (r < 0) {
                aemp_slot_unref(slot);
                return r;
        }

        reg->lost = false;
        reg_replace(a, reg);
        list_append(&a->regs, &slot->link);
        reg_tell(a, reg);
        slot_give(slot, ret);
        return 0;
}

static void reg_forget_before(RegSlot *reg) {
        free(reg->before);
        reg->before = NULL;
}

void regs_attached(aemp *a) {
        LIST_FOREACH (l, &a->regs) {
                RegSlot *reg = container_of(l, RegSlot, slot.link);

                reg_forget_before(reg);
                reg_tell(a, reg);
        }
}

void regs_refused(aemp *a, Str name, const aemp_port *port) {
        LIST_FOREACH (l, &a->regs) {
                RegSlot *reg = container_of(l, RegSlot, slot.link);

                if (!reg->before || reg->slot.port != port || !str_is(name, reg->name))
                        continue;

                tell_own(a, "reg0", str_from(reg->before), &CONTENT_EMPTY);
                reg_forget_before(reg);
        }
}
