/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Calls
 */

#include <stdbool.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "libclient/watch.h"
#include "wire/str.h"

typedef struct CalSlot CalSlot;

/* A message for a port. False when it is not the reply port of a call. */
bool cal_deliver(aemp_port *port, const Content *content);
/* Somebody kills that port. False when it is not the reply port of a call. */
bool cal_kil(aemp_port *port, const Content *reason);
/* aempd refused a request in which this ID was. False when it is not that of a call's reply port. */
bool cal_refuse(aemp *a, Str id, const Content *reason);
/* All IDs change: what is open now will have no reply. */
void cals_end(aemp *a, const Content *reason);
/* Somebody waits for a reply at that port. */
bool cal_is_reply(const aemp_port *port);
bool cal_is_open(aemp *a, Str id);

/* What came may be for the call that aemp_cal_wait() waits for: a reply, the end of the reply port, the
 * death of something that is watched, a refusal with that ID in it. The call ends then. */
bool cal_wait_reply(aemp_port *port, const Content *content);
bool cal_wait_kil(aemp_port *port, const Content *reason);
void cal_wait_died(aemp *a, const Watch *watch, const Content *reason);
bool cal_wait_refused(aemp *a, Str id, const Content *reason);
