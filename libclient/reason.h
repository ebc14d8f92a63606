/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reasons that the library gives itself
 */

#include "libclient/content.h"
#include "wire/buf.h"
#include "wire/str.h"

/* Two or three strings (STR_NULL: no third). Lives as long as the buffer. Never fails: without memory it
 * says so. */
Content reason_make(Buf *buf, Str identifier, Str second, Str third);
Content reason_no_such_port(Buf *buf, Str id);
Content reason_no_memory(void);
