/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What surrounds a running callback
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libclient/aemp.h"
#include "libclient/context.h"

void context_deinit(Context *context) {
        arena_deinit(&context->arena);
        buf_deinit(&context->scratch);
}

void context_enter(aemp *a, aemp_port *port) {
        a->context.depth++;
        a->context.self = aemp_port_ref(port);
        a->context.fail = 0;
}

void context_leave(aemp *a, aemp_port *port, int r) {
        a->context.self = NULL;

        if (r < 0 && !port && a->context.error == 0)
                a->context.error = r;
        if (r < 0 && port && port->a)
                port_die_text(
                        port, "die", r == a->context.fail ? a->context.fail_text : strerrordesc_np(-r));

        aemp_port_unref(port);
        if (--a->context.depth == 0)
                arena_reset(&a->context.arena);
}

/* The aemp may be closed by it, but is there until the end. What is around stays as it was, the text of a
 * failure included. */
static int run_within(aemp *a, aemp_port *port, aemp_port_fn fn, void *userdata) {
        aemp_port *self = a->context.self;
        char text[FAIL_TEXT_MAX];
        int fail = a->context.fail, r;

        if (fail < 0)
                memcpy(text, a->context.fail_text, sizeof(text));

        context_enter(a, port);
        r = fn(port, userdata);
        context_leave(a, port, r);

        a->context.self = self;
        a->context.fail = fail;
        if (fail < 0)
                memcpy(a->context.fail_text, text, sizeof(text));
        return r;
}

int aemp_port_run(aemp_port *port, aemp_port_fn fn, void *userdata) {
        aemp *a;
        int r;

        if (!port || !fn)
                return -EINVAL;
        if (!port->a)
                return -ESTALE;
        r = aemp_check(port->a);
        if (r < 0)
                return r;

        a = port->a;
        aemp_hold(a);
        r = run_within(a, port, fn, userdata);
        aemp_release(a);
        return r;
}

__attribute__((format(printf, 3, 0))) static void context_vfail(
        Context *context, int r, const char *format, va_list ap) {
        context->fail = r;
        (void) vsnprintf(context->fail_text, sizeof(context->fail_text), format, ap);
}

void context_fail(Context *context, int r, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        context_vfail(context, r, format, ap);
        va_end(ap);
}

int aemp_port_fail(aemp_port *port, int r, const char *format, ...) {
        va_list ap;

        if (!port || !port->a || r >= 0 || !format)
                return r;

        va_start(ap, format);
        context_vfail(&port->a->context, r, format, ap);
        va_end(ap);
        return r;
}

aemp_port *aemp_self(aemp *a) {
        return a ? a->context.self : NULL;
}
