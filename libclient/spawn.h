/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ports that are made by a function, somewhere else or here
 */

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/str.h"

#define SPAWN_TAG "AnyEvent::MP::_spawn"
/* Names for ports on other nodes are our prefix and a number behind this: under the prefix alone they would
 * seem to be here. */
#define SPAWN_MARK "s-"

/* Somebody wants a port with that name, made by that function of ours. */
void spawn_run(aemp *a, Str name, Str function, const Content *args);
