/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The lines of a handshake
 *
 *     aemp;1;<node ID>;<auth methods accepted>;<framings accepted>[;key=value]...
 *     <method>;<token>;<framing>[;key=value]...
 *
 * and the attach line, which has the greeting's form. Parsed lines borrow from the line.
 */

#include <stdbool.h>

#include "wire/buf.h"
#include "wire/str.h"

typedef struct Greeting {
        Str protocol; /* "aemp", "aemp-client", ... */
        Str version;
        Str name;     /* node ID, program name */
        Str auth;     /* comma separated */
        Str framings; /* comma separated */
        Str keys;     /* "key=value;key=value" */
} Greeting;

typedef struct AuthLine {
        Str method;
        Str token;
        Str framing;
} AuthLine;

/* 0, or -EBADMSG when there are too few fields. */
int greeting_parse(Str line, Greeting *ret);
int auth_line_parse(Str line, AuthLine *ret);

/* The value of a key as it stands there (see value_unescape()); false when there is none. */
bool greeting_key(const Greeting *greeting, const char *key, Str *ret);

/* Is `item` in that comma separated list? */
bool comma_list_has(Str list, const char *item);
/* Takes the first item off. False: the list is empty. */
bool comma_list_next(Str *list, Str *ret);

/* ";key=value" with ';' and '%' in the value escaped. */
void greeting_put_key(Buf *line, const char *key, Str value);
/* Appends s with ';', '%' and control characters escaped as %xx. */
void value_escape(Buf *to, Str s);
/* Appends s with %xx decoded; other uses of '%' stay. */
void value_unescape(Buf *to, Str s);
