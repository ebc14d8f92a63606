/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Certificates whose time is over, or not come yet
 */

#include <stdbool.h>

#include "daemon/net/certificate.h"

#define EXPIRY_TEXT_MAX 256

/* Is there something to say about it now (seconds since 1970)? From 30 days before it expires. */
bool expiry_problem(const Certificate *certificate, uint64_t now, char text[EXPIRY_TEXT_MAX]);
