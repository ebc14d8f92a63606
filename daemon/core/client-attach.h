/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A client's first line
 */

#include "daemon/core/client.h"

/* What it calls itself, as it stands in the line; `program` and `who` are NULL without memory. */
void client_name(Client *client, Str program);
/* Its line has come: it is attached, or refused. */
void client_attach(Client *client, Str line);
/* It is told so, and closed. */
void client_refuse_attach(Client *client, const char *text);
/* The line has not come. */
void client_line_timeout(Timer *timer);
