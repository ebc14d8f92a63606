/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Running in somebody's sd-event loop
 */

#include "libclient/public.h"

void event_detach(aemp *a);
