/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Callbacks about the attachment itself
 *
 * Running them moves the list aside and each one back before its call, so that a callback may drop and add
 * any: those that were there at first run once.
 */

#include <errno.h>

#include "libclient/aemp.h"
#include "libclient/hook.h"

typedef struct HookSlot {
        aemp_slot slot;
        aemp_fn fn;
        aemp_refused_fn refused_fn;
        void *userdata;
} HookSlot;

typedef struct Refusal {
        const char *tag;
        const char *code;
        const char *text;
} Refusal;

static const SlotType hook_slot_type = {
        .size = sizeof(HookSlot),
};

void hooks_init(Hooks *hooks) {
        list_init(&hooks->detach);
        list_init(&hooks->reattach);
        list_init(&hooks->writable);
        list_init(&hooks->refused);
}

static void hook_call(aemp *a, HookSlot *hook, const Refusal *refusal) {
        aemp_port *port = hook->slot.port;
        int r;

        context_enter(a, port);
        slot_pin(&hook->slot);
        if (refusal)
                r = hook->refused_fn(a, refusal->tag, refusal->code, refusal->text, hook->userdata);
        else
                r = hook->fn(a, hook->userdata);
        slot_returned(&hook->slot, r);
        context_leave(a, port, r);
}

static void hooks_call(aemp *a, List *hooks, const Refusal *refusal) {
        List turn, *l;

        list_init(&turn);
        list_move(&turn, hooks);
        while ((l = list_pop(&turn))) {
                list_append(hooks, l);
                hook_call(a, container_of(l, HookSlot, slot.link), refusal);
        }
}

void hooks_run(aemp *a, List *hooks) {
        hooks_call(a, hooks, NULL);
}

void hooks_run_refused(aemp *a, const char *tag, const char *code, const char *text) {
        hooks_call(a, &a->hooks.refused, &(Refusal){tag, code, text});
}

static int hook_add(aemp *a, List *hooks, aemp_slot **ret, const HookSlot *hook) {
        aemp_slot *slot;
        HookSlot *h;
        int r;

        r = slot_new(a, &hook_slot_type, &slot);
        if (r < 0)
                return r;

        h = container_of(slot, HookSlot, slot);
        h->fn = hook->fn;
        h->refused_fn = hook->refused_fn;
        h->userdata = hook->userdata;
        list_append(hooks, &slot->link);
        slot_give(slot, ret);
        return 0;
}

static int hook_check(aemp *a, bool has_fn) {
        int r = aemp_check(a);

        return r < 0 ? r : has_fn ? 0 : -EINVAL;
}

int aemp_on_detach(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata) {
        int r = hook_check(a, fn);

        return r < 0 ? r : hook_add(a, &a->hooks.detach, ret, &(HookSlot){.fn = fn, .userdata = userdata});
}

int aemp_on_reattach(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata) {
        int r = hook_check(a, fn);

        return r < 0 ? r : hook_add(a, &a->hooks.reattach, ret, &(HookSlot){.fn = fn, .userdata = userdata});
}

int aemp_on_writable(aemp *a, aemp_slot **ret, aemp_fn fn, void *userdata) {
        int r = hook_check(a, fn);

        return r < 0 ? r : hook_add(a, &a->hooks.writable, ret, &(HookSlot){.fn = fn, .userdata = userdata});
}

int aemp_on_refused(aemp *a, aemp_slot **ret, aemp_refused_fn fn, void *userdata) {
        int r = hook_check(a, fn);

        return r < 0
                ? r
                : hook_add(a, &a->hooks.refused, ret, &(HookSlot){.refused_fn = fn, .userdata = userdata});
}
