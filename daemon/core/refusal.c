/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/refusal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/admin-put.h"
#include "daemon/core/source.h"

static void refusal_clear(Refusal *refusal) {
        free(refusal->node);
        free(refusal->address);
        free(refusal->text);
        *refusal = (Refusal){};
}

/* One that tries again and again comes from another port each time. */
static bool refusal_is(const Refusal *refusal, const char *node, const char *address) {
        if (refusal->times == 0 || !refusal->node != !node)
                return false;

        return node ? strcmp(refusal->node, node) == 0 : source_same(refusal->address, address);
}

/* Its own place if it is there already, else that of the oldest. */
static Refusal *refusals_place(Refusals *refusals, const char *node, const char *address) {
        Refusal *oldest = &refusals->list[0];

        for (size_t i = 0; i < REFUSALS_MAX; i++) {
                Refusal *refusal = &refusals->list[i];

                if (refusal_is(refusal, node, address))
                        return refusal;
                if (refusal->last < oldest->last)
                        oldest = refusal;
        }

        refusal_clear(oldest);
        return oldest;
}

void refusals_add(
        Refusals *refusals, const char *node, const char *address, const char *text, uint64_t now) {
        Refusal *refusal = refusals_place(refusals, node, address);
        uint64_t times = refusal->times;

        refusal_clear(refusal);
        refusal->node = node ? strdup(node) : NULL;
        refusal->address = strdup(address);
        refusal->text = strdup(text);
        if ((node && !refusal->node) || !refusal->address || !refusal->text) {
                refusal_clear(refusal);
                return;
        }

        refusal->times = times + 1;
        refusal->last = now;
}

void refusals_deinit(Refusals *refusals) {
        for (size_t i = 0; i < REFUSALS_MAX; i++)
                refusal_clear(&refusals->list[i]);
}

/* The next older one. */
static const Refusal *refusals_before(const Refusals *refusals, const Refusal *than) {
        const Refusal *next = NULL;

        for (size_t i = 0; i < REFUSALS_MAX; i++) {
                const Refusal *refusal = &refusals->list[i];
                bool before = !than || refusal->last < than->last ||
                        (refusal->last == than->last && refusal > than);

                if (refusal->times > 0 && before && (!next || refusal->last > next->last))
                        next = refusal;
        }

        return next;
}

void refusals_describe(const Refusals *refusals, Buf *to) {
        uint64_t n = 0;

        for (size_t i = 0; i < REFUSALS_MAX; i++)
                n += refusals->list[i].times > 0;

        cbor_put_array(to, n);
        for (const Refusal *i = refusals_before(refusals, NULL); i; i = refusals_before(refusals, i)) {
                cbor_put_map(to, 5);
                put_str(to, "node", i->node);
                put_str(to, "address", i->address);
                put_str(to, "reason", i->text);
                put_uint(to, "times", i->times);
                put_seconds(to, "last", i->last);
        }
}
