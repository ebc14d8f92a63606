/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Elements from a format string and arguments
 */

#include <stdarg.h>
#include <stdint.h>

#include "libclient/content.h"
#include "wire/buf.h"

/* Appends the elements to the buffer, and gives them. With r < 0, only drops the references that the
 * arguments would give away, and returns r. The buffer's error is cleared. */
int pack(int r, Buf *to, Content *ret, const char *format, va_list ap);

/* Whether octets are just n well-formed elements, which a message may have: -EBADMSG, -ELOOP. */
int content_check(const Content *content);
