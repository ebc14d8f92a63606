/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Functions that others may call
 *
 * aempd passes a call on when the name, or one above it, is registered; which of ours it is, is found again
 * here. Programs have few, so they are a list.
 */

#include "libclient/func.h"

#include <errno.h>
#include <stdlib.h>

#include "libclient/aemp.h"

typedef struct FuncSlot {
        aemp_slot slot;
        char *name;
        aemp_func_fn fn;
        void *userdata;
} FuncSlot;

static void func_slot_stop(aemp_slot *slot) {
        FuncSlot *func = container_of(slot, FuncSlot, slot);

        if (func->name)
                tell_own(slot->a, "func0", str_from(func->name), &CONTENT_EMPTY);
}

static void func_slot_deinit(aemp_slot *slot) {
        free(container_of(slot, FuncSlot, slot)->name);
}

static const SlotType func_slot_type = {
        .size = sizeof(FuncSlot),
        .stop = func_slot_stop,
        .deinit = func_slot_deinit,
};

void funcs_init(Funcs *funcs) {
        list_init(&funcs->slots);
}

bool func_name_is_valid(Str name) {
        if (name.n == 0 || name.n > FUNC_NAME_MAX || !memmem(name.p, name.n, "::", 2))
                return false;

        for (size_t i = 0; i < name.n; i++)
                if (name.p[i] < ' ' || name.p[i] > '~')
                        return false;
        return true;
}

static bool func_is_for(const FuncSlot *func, Str name) {
        Str own = str_from(func->name);

        if (str_equal(own, name))
                return true;

        return own.p[own.n - 1] == ':' && own.p[own.n - 2] == ':' && str_starts_with(name, own);
}

/* The longest that fits. */
static FuncSlot *func_find(aemp *a, Str name) {
        FuncSlot *best = NULL;

        LIST_FOREACH (l, &a->funcs.slots) {
                FuncSlot *func = container_of(l, FuncSlot, slot.link);

                if (func_is_for(func, name) && (!best || strlen(func->name) > strlen(best->name)))
                        best = func;
        }
        return best;
}

bool func_run(aemp *a, aemp_port *port, Str name, const Content *args) {
        FuncSlot *func = func_name_is_valid(name) ? func_find(a, name) : NULL;
        char called[FUNC_NAME_MAX + 1];
        aemp_port *self;
        aemp_msg msg;
        int r;

        if (!func)
                return false;

        memcpy(called, name.p, name.n);
        called[name.n] = '\0';
        self = port ?: func->slot.port;

        context_enter(a, self);
        slot_pin(&func->slot);
        origin_enter(a);
        a->funcs.called = called;
        message_init(&msg, &a->context, args);

        r = func->fn(a, port, &msg, func->userdata);

        message_deinit(&msg);
        a->funcs.called = NULL;
        origin_leave(a);
        slot_returned(&func->slot, r);
        context_leave(a, self, r);
        return true;
}

void funcs_attached(aemp *a) {
        LIST_FOREACH (l, &a->funcs.slots)
                tell_own(a, "func1", str_from(container_of(l, FuncSlot, slot.link)->name), &CONTENT_EMPTY);
}

/* These belong to whoever implements AEMP. */
static bool func_name_is_reserved(Str name) {
        return str_starts_with(name, STR_LIT("AnyEvent::MP::")) ||
                str_starts_with(name, STR_LIT("aempd::")) || str_starts_with(name, STR_LIT("g_"));
}

static int func_check(aemp *a, const char *name, bool has_fn) {
        Str str = str_from(name);
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;
        if (!has_fn || !func_name_is_valid(str) || func_name_is_reserved(str))
                return -EINVAL;

        LIST_FOREACH (l, &a->funcs.slots)
                if (str_is(str, container_of(l, FuncSlot, slot.link)->name))
                        return -EEXIST;
        return 0;
}

int aemp_func(aemp *a, aemp_slot **ret, const char *name, aemp_func_fn fn, void *userdata) {
        aemp_slot *slot;
        FuncSlot *func;
        int r;

        r = func_check(a, name, fn);
        if (r < 0)
                return r;

        r = slot_new(a, &func_slot_type, &slot);
        if (r < 0)
                return r;

        func = container_of(slot, FuncSlot, slot);
        func->fn = fn;
        func->userdata = userdata;
        func->name = strdup(name);
        if (!func->name) {
                aemp_slot_unref(slot);
                return -ENOMEM;
        }

        list_append(&a->funcs.slots, &slot->link);
        tell_own(a, "func1", str_from(name), &CONTENT_EMPTY);
        slot_give(slot, ret);
        return 0;
}

const char *aemp_func_name(aemp *a) {
        return a ? a->funcs.called : NULL;
}
