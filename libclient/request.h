/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What aempd asks of us, and tells us
 */

#include "libclient/public.h"
#include "wire/msg.h"

/* A message for the library itself. */
void request_handle(aemp *a, const Msg *msg);
