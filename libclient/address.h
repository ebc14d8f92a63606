/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where aempd is
 */

/* The path in an address; NULL: the environment's, else the user's, else the system's. -EINVAL, -ENOMEM. */
int address_resolve(const char *address, char **ret_path);
/* A socket to there, not blocking later, but waiting for the connection at most that many microseconds (0:
 * not at all). */
int address_connect(const char *path, unsigned timeout);
