/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A certificate for two daemons
 */

/* Writes a key and a self-signed certificate to that file, which nobody else may read. Errors end the
 * process. */
void cert_write(const char *path);
