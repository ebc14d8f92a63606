/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * News for the service manager
 *
 * As sd_notify(), but never waits: what is sent often must not stop the daemon when nobody reads it.
 */

/* "KEY=value" lines. Without a service manager, nothing. -EAGAIN: it does not read. */
int notify_now(const char *format, ...) __attribute__((format(printf, 1, 2)));
