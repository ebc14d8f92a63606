/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A group of settings
 *
 * Such as `default`, or a profile: from the tree of libconfig to load->config, with load->places.
 */

#include "daemon/config/load.h"

/* Of load->file. `but`: a key that only steers, or NULL. Reports what is wrong with each setting alone. */
void config_group_apply(ConfigLoad *load, config_setting_t *group, const char *but);

Place config_group_place(const ConfigLoad *load, const config_setting_t *setting);
