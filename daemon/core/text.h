/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Texts of strangers
 */

#include <stdbool.h>
#include <stddef.h>

#include "wire/str.h"

/* Copies s to `to`, n octets with the terminator, cut off to fit. Control characters and what is not UTF-8
 * become '?'. Returns the length. */
size_t text_clean(char *to, size_t n, Str s);
/* Nothing but printable ASCII characters. */
bool text_is_ascii(Str s);
/* Keeps a copy of `s` in the place of what was kept; NULL when s is, or without memory. */
void text_keep(char **text, const char *s);
