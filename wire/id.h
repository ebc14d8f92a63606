/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Node IDs and port IDs
 *
 * A port ID is "node#port", split at the first '#'. "node" and "node#" both name the node port, whose port
 * name is empty.
 */

#include <stdbool.h>

#include "wire/str.h"

#define NODE_ID_MAX 255
#define PORT_NAME_MAX 255

/* Non-empty, at most NODE_ID_MAX octets of [A-Za-z0-9_\-.:/]. */
bool node_id_is_valid(Str id);
/* At most PORT_NAME_MAX octets, no control characters (octets below 0x20, and 0x7f), valid UTF-8. The empty
 * name is the node port's and valid. */
bool port_name_is_valid(Str name);

/* Splits at the first '#'. Never fails: what has no '#' is a node with an empty port name. Says nothing of
 * validity. */
void port_id_split(Str id, Str *ret_node, Str *ret_port);
/* Both halves valid. */
bool port_id_is_valid(Str id);

/* Is this well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF)? */
bool utf8_is_valid(Str s);
