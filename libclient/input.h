/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What comes from aempd
 */

#include <stdbool.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/msg.h"

typedef void (*InputFn)(aemp *a, const Msg *msg);

/* Reads once, and gives each message to fn: 1; 0: there is nothing now; -ENOTCONN: the connection is over.
 * *ret_full: there may be more. */
int input_read(aemp *a, InputFn fn, bool *ret_full);
/* The socket is readable: reads once, and handles all that came. Returns whether there may be more. */
bool input_run(aemp *a);

/* Handles a message. */
void input_message(aemp *a, const Msg *msg);
void input_deliver(aemp *a, aemp_port *port, const Content *content);
