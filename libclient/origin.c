/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where what is being handled came from
 */

#include "libclient/origin.h"

#include "libclient/aemp.h"

void origin_set(aemp *a, Str node) {
        size_t n = home_is_node(&a->home, node) || node.n > NODE_ID_MAX ? 0 : node.n;

        memcpy(a->origin.node, node.p, n);
        a->origin.node[n] = '\0';
}

void origin_enter(aemp *a) {
        a->origin.holds = true;
}

void origin_leave(aemp *a) {
        a->origin.holds = false;
}

const char *aemp_origin(aemp *a) {
        if (!a)
                return NULL;

        return a->origin.holds && a->origin.node[0] ? a->origin.node : a->home.node;
}
