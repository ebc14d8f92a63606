/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Well-known names
 */

#include "libclient/public.h"
#include "wire/str.h"

/* aempd is back: it is told all names again. */
void regs_attached(aemp *a);
/* aempd refused to register it. */
void regs_refused(aemp *a, Str name, const aemp_port *port);
