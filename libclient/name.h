/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of ports
 *
 * A port's name follows from its number, unless somebody else chose it: who spawned the port. These names
 * are in a table. What is sent to such a port goes through aempd even from within this process, and so does
 * a monitor on it: messages may be under way from before the port was here, and none may pass them.
 */

#include <stdint.h>

#include "libclient/home.h"
#include "libclient/public.h"
#include "wire/id.h"
#include "wire/str.h"

typedef struct Name {
        uint64_t hash;
        aemp_port *port;
} Name;

/* Room for a name that is made from a number. */
#define NAME_ROOM (PORT_NAME_MAX + NUMBER_TEXT62_MAX)

/* The port has that name from now on, and its ID is made: 0 or -ENOMEM. Nobody else has it. */
int name_give(aemp *a, aemp_port *port, Str name);
void name_drop(aemp *a, aemp_port *port);
/* Ports have the names of their numbers again. */
void names_clear(aemp *a);

/* NULL when there is none. */
aemp_port *port_by_name(aemp *a, Str name);
/* In requests either may stand. */
aemp_port *port_by_name_or_id(aemp *a, Str name);
Str port_name(const aemp *a, const aemp_port *port, char room[static NAME_ROOM]);
