/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Questions to the edge: which addresses has this name?
 */

#include "daemon/core/core.h"

struct Lookup {
        Node *node;
        uint64_t id;
        bool pending;
        UT_hash_handle hh;
        void (*done)(Lookup *lookup, const char *const *addresses, size_t n, const char *error);
};

/* Asks; a question still open is forgotten. -ENOMEM. */
int lookup_start(Lookup *lookup, Node *node, const char *address);
void lookup_cancel(Lookup *lookup);
