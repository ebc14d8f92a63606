/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The configured node ID
 */

/* %n is the host's name, %u something random of more than 59 bits; a '/' at the end gets a %u behind it.
 * -EINVAL: the result is no valid node ID (it is given all the same); -ENOMEM. */
int nodeid_expand(const char *pattern, char **ret);
