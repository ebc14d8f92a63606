/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looking over the text of a configuration
 *
 * What libconfig 1.5 takes in silence, or tells in a way that helps nobody.
 */

#include <stddef.h>

/* A problem: in that line (from 1), with that text. */
typedef void (*ConfigScanFn)(void *userdata, unsigned line, const char *text);

/* Integers that don't fit their type, what has no end, strings without quotes, names without "=", @include,
 * NUL. Returns how many problems there were; libconfig should see the text only if there are none. */
size_t config_scan(const char *text, size_t n, ConfigScanFn fn, void *userdata);
