/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Profiles
 *
 * One may be spread over several files. It has one parent at most, the one that the last file names.
 */

#include "daemon/config/load.h"

/* Those of load->file: every key of theirs, and their parents, which may be in any file. */
void config_profiles_check(ConfigLoad *load);

/* An error if there is none in any file. */
void config_profile_must_exist(ConfigLoad *load, const Place *place, const char *name);
/* From all files, its parents first. */
void config_profile_apply(ConfigLoad *load, const char *name);
