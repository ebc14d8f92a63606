/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Messages, and reasons, as the program sees them
 *
 * They live on the library's stack while the callback runs, so that receiving one allocates nothing; kept
 * ones are copies.
 */

#include "libclient/content.h"
#include "libclient/context.h"
#include "libclient/public.h"
#include "wire/str.h"

struct aemp_msg {
        Content content;  /* what unpacking sees */
        Str tag;          /* what aemp_rcv() took off, as in the message; .p is NULL when it didn't */
        Context *context; /* of the running callback; NULL when kept */
        Arena *arena;     /* for what is unpacked */
        Buf *scratch;
        json_t *values; /* an array: values unpacked with "o"; NULL while there are none */
        unsigned ref;   /* 0 on the stack */
};

void message_init(aemp_msg *msg, Context *context, const Content *content);
void message_deinit(aemp_msg *msg);

/* Hands a value to the message, which drops it in its end: 0 or -ENOMEM. */
int message_own(aemp_msg *msg, json_t *value);
