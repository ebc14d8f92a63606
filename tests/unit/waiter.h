/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A program that waits
 *
 * What the tests of aemp_port_recv() and its kin are about: an attached library with a port whose messages
 * the program waits for, and another one that has a callback.
 */

#include "tests/system/fake-aempd.h"

extern Fake fake;
extern aemp *a;
extern aemp_port *port, *other;
extern aemp_msg *msg; /* that was received */
extern Heard h;       /* what callbacks were told */

void setup(void);
void teardown(void);

/* There is something for aemp_process() to do. */
bool readable(void);
/* Everything that is there is looked at, and none of it is for the port. */
void look(void);
/* What is in the message that was received; drops it. */
const char *content(void);
