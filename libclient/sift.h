/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What comes while the program waits
 */

#include "libclient/public.h"
#include "wire/msg.h"

/* It is what is waited for, or can be handled without running a callback; else it is kept. */
void sift(aemp *a, const Msg *msg);
