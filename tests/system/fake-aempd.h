/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An aempd made of cardboard
 *
 * The other end of the library's socket, in the test's own process: the test says what aempd says, and reads
 * what the library wrote, as JSON. Node ID host1, prefix P1. for the first attachment, P2. for the second...
 */

#include <stdbool.h>
#include <stddef.h>

#include "libclient/aemp-client.h"
#include "wire/buf.h"
#include "wire/frame.h"

typedef struct Fake {
        char dir[32];
        char address[96];
        int listener;
        int fd; /* the library's connection */
        unsigned attachments;
        const char *node;
        const char *answer; /* in place of the usual line; NULL: close at once */
        bool has_answer;
        Buf line; /* the library's, without its end; NUL-terminated */
        Buf in;   /* octets that were read and not looked at */
        Buf text; /* the last message that was read */
} Fake;

/* Listens. */
void fake_init(Fake *fake);
void fake_deinit(Fake *fake);

/* Opens the library on it; fake_attach() insists on success. */
int fake_open(Fake *fake, aemp **ret, const char *program, char **ret_error);
aemp *fake_attach(Fake *fake);
/* The library comes (again): takes the connection and answers the line. */
void fake_accept(Fake *fake);
/* aempd goes away. */
void fake_hang_up(Fake *fake);

/* One message to the library. */
void fake_say(Fake *fake, const char *json);
void fake_say_raw(Fake *fake, const void *octets, size_t n);
/* The next message from the library; waits 2 s. NULL at the end of the connection. */
const char *fake_hear(Fake *fake);
/* What is there now, without waiting: the next message, or NULL. */
const char *fake_peek(Fake *fake);

#define fake_expect(fake, json) check_str(fake_hear(fake), json)
#define fake_expect_nothing(fake) check_str(fake_peek(fake), NULL)

/* Turns of the library until there is nothing more to do. Returns the last error, or 0. */
int run(aemp *a);
/* Waits for something and does it. */
void run_next(aemp *a);

/* What callbacks were told: one line a call. Given as userdata to the callbacks below. */
typedef struct Heard {
        Buf text;
        char shown[4096];
        int result; /* what they return */
} Heard;

int heard_msg(aemp_port *port, aemp_msg *msg, void *userdata);
int heard_mon(aemp *a, const char *id, aemp_msg *reason, void *userdata);
int heard_cal(aemp *a, int error, aemp_msg *msg, void *userdata);
int heard_node(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata);
int heard_refused(aemp *a, const char *tag, const char *code, const char *text, void *userdata);
int heard_fn(aemp *a, void *userdata);

/* All since the last time; lines end in "; ". */
const char *heard(Heard *heard);
