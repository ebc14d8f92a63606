/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The end of an attachment
 */

#include "libclient/public.h"

/* Ends all there is, without a word to aempd. */
void close_all(aemp *a);
