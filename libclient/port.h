/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ports of this process
 *
 * A port is known by its number; its name is the attachment's prefix and the number in base 62, made when
 * somebody asks. What few ports have is in a PortMore.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libclient/content.h"
#include "libclient/death.h"
#include "libclient/public.h"
#include "libclient/slot.h"
#include "wire/list.h"
#include "wire/str.h"

typedef struct PortMore {
        List rcvs;     /* RcvSlot: by tag */
        List patterns; /* and by pattern */
        List slots;    /* that belong to it */
        List kept;     /* KeptItem: what came while the program waited */
        Death *death;  /* who watches it from within this process, or NULL */
} PortMore;

struct aemp_port {
        aemp *a; /* NULL when dead */
        uint64_t number;
        aemp_msg_fn fn;
        void *userdata;
        char *id; /* NULL until asked for */
        PortMore *more;
        unsigned ref;
        bool watched; /* by aempd */
        bool named;   /* its name was chosen by somebody else, see name.h */
        bool early;   /* and something was kept for it before it was there, perhaps: kept_adopt() */
};

/* malloc() makes 64 octets of it, the table takes 11 to 22: far from 128. */
_Static_assert(sizeof(aemp_port) <= 56, "a port has grown");

/* NULL when there is none. */
aemp_port *port_find(aemp *a, uint64_t number);
/* NULL without memory. */
PortMore *port_more(aemp_port *port);
/* As port->id, NULL without memory. */
const char *port_id(aemp *a, aemp_port *port);
int port_adopt(aemp_port *port, aemp_slot *slot);

/* Hands the port a message, which may be its end. */
void port_deliver(aemp_port *port, const Content *content);

/* The port is gone at once; whoever watches it is told: aempd now, others in the next turn. */
void port_die(aemp_port *port, const Content *reason);
/* ...with a reason of two strings. */
void port_die_text(aemp_port *port, const char *reason, const char *text);

/* aempd went away: nobody watches any more. / It is back: all have new IDs. */
void ports_detached(aemp *a);
void ports_renamed(aemp *a);
/* The end of all. Tells nobody. */
void ports_deinit(aemp *a);
