/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sending
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libclient/content.h"
#include "libclient/public.h"
#include "wire/buf.h"
#include "wire/str.h"

typedef struct Outgoing {
        Buf packed;   /* the message that is being packed */
        char to[128]; /* the last destination that was found valid: mostly it is the next one, too */
        size_t to_len;
        size_t bound; /* 0: none */
        bool full;    /* somebody was told -EAGAIN */
        bool lost;    /* a request to aempd had no memory: the connection has to end */
} Outgoing;

/* Sends to a port of ours or to aempd. `bounded`: -EAGAIN when too much waits. */
int snd(aemp *a, Str to, const Content *content, bool bounded);
/* What aemp_snd() would say before it has a message. */
int snd_check(aemp *a, Str to);

/* A request to our aempd, which no bound stops: the tag, one string (NULL: none), and the rest. */
void tell(aemp *a, const char *tag, Str arg, const Content *rest);
/* ...about something of ours: the string is no ID of a node or of a port there. */
void tell_own(aemp *a, const char *tag, Str arg, const Content *rest);
/* A port of ours died. */
void tell_death(aemp *a, const aemp_port *port, const Content *reason);
