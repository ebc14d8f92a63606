/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ways to write a program that sends and receives
 *
 * The same exchange of payloads is measured in several forms; a Form is how one is spoken. Errors end the
 * process.
 */

#include <stddef.h>
#include <stdint.h>

#define FORM_ID_MAX 512

/* One program's end. Each form has its own. */
typedef struct End End;

/* A payload came. */
typedef void (*EndFn)(void *userdata, const uint8_t *payload, size_t n);

typedef struct Form {
        const char *name;
        const char *title;

        /* ret_id gets what the other one aims at, FORM_ID_MAX octets with its NUL. */
        End *(*open)(const char *path, EndFn fn, void *userdata, char *ret_id);
        /* From now on sends to this one. */
        void (*aim)(End *end, const char *id);
        /* Waits when there is no room. */
        void (*put)(End *end, const uint8_t *payload, size_t n);
        /* Sends what was put, then waits until something came and was handed out. */
        void (*wait)(End *end);
        void (*close)(End *end);
} Form;

extern const Form form_relay;  /* the bare relay's frames */
extern const Form form_socket; /* attach protocol, without a library */
extern const Form form_raw;    /* library: aemp_snd_raw(), aemp_msg_raw() */
extern const Form form_pack;   /* library: aemp_snd(), aemp_rcv(), aemp_msg_unpack() */
