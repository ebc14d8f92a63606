/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Complaints: lines on stderr
 */

/* "aempctl: ...", in one write. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of advice below a complaint. */
void complain_hint(const char *text);
