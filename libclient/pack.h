/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Elements from a format string and arguments
 */

#include <stdarg.h>
#include <stdint.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/buf.h"

/* Appends the elements to the buffer, and gives them. With r < 0, only drops the references that the
 * arguments would give away, and returns r. The buffer's error is cleared. */
int pack(int r, Buf *to, Content *ret, const char *format, va_list ap);
/* The same, with `_` for anything: a simple value, which nothing else puts there. */
int pack_pattern(int r, Buf *to, Content *ret, const char *format, va_list ap);
#define PATTERN_ANY 0xe0
/* The elements of an array: -EINVAL when it is none, or can't be a message. */
int pack_json(Buf *to, Content *ret, json_t *array);

/* Whether octets are just n well-formed elements, which a message may have: -EBADMSG, -ELOOP. */
int content_check(const Content *content);
