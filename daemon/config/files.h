/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of a configuration
 *
 * FILE, and FILE.d/<name>.conf in the order of their names.
 */

#include "daemon/config/load.h"

/* Fills load->files. True: every file could be parsed; else the problems were reported. */
bool config_files_read(ConfigLoad *load);
void config_files_free(ConfigLoad *load);
