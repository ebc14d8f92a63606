/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The end of loading a configuration
 */

#include "daemon/config/load.h"

/* Checks what one value alone does not tell: values that have to fit each other, files and users that have
 * to exist. Expands the node ID, looks users up. */
void config_load_finish(ConfigLoad *load);

/* Reads secrets and certificate, from where the configuration says or from systemd's credentials. */
void config_load_secrets(ConfigLoad *load);
void config_load_certificate(ConfigLoad *load);
/* Can the node prove anything, and others prove anything to it? After these two. */
void config_load_auth(ConfigLoad *load);
