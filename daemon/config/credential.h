/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where files that the configuration names are
 */

#include "daemon/config/load.h"

/* A relative name is relative to the folder of the file that has it. -ENOMEM. */
int config_path(char **ret, const Place *place, const char *name);

/* The credential of that name that systemd passed to us, NULL if there is none. -ENOMEM. */
int config_credential(char **ret, const char *name);
