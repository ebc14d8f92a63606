/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a client asks about the life of ports: to be told when one dies, and that one shall die.
 */

#include "daemon/core/node.h"
#include "daemon/core/request.h"

/* A port of its own. -EINVAL: it is none; -EACCES: it is not the client's. */
int client_request_own_port(Client *client, CborCursor *c, Buf *scratch, Str *ret_port);

int client_request_mon1(Client *client, const Request *request);
int client_request_mon0(Client *client, const Request *request);
int client_request_kil0(Client *client, const Request *request);
int client_request_kil1(Client *client, const Request *request);
