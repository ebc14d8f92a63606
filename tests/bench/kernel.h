/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the machine's kernel takes
 *
 * The yardstick between two machines: small messages, and round trips above all, cost system calls.
 */

typedef struct Kernel {
        double null;  /* ns of a system call that does nothing */
        double unix_; /* of writing 64 octets to a Unix stream and reading them */
        double tcp;   /* the same with TCP over loopback */
} Kernel;

/* The best of many tries each. */
void kernel_measure(Kernel *ret);
