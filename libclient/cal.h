/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls
 */

#include <stdbool.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/str.h"

/* A message for a port. False when it is not the reply port of a call. */
bool cal_deliver(aemp_port *port, const Content *content);
/* aempd refused a request in which this ID was. False when it is not that of a call's reply port. */
bool cal_refuse(aemp *a, Str id, const Content *reason);
/* All IDs change: what is open now will have no reply. */
void cals_end(aemp *a, const Content *reason);
