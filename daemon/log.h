/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The log
 *
 * One line an event, to the journal when stderr is it, else to stderr. An error is logged once, where it
 * stops. Used by all of the daemon but the core, which reports events.
 */

#include <errno.h>
#include <stdbool.h>

/* As in AEMP. */
enum {
        LEVEL_FATAL = 1,
        LEVEL_ALERT,
        LEVEL_CRITICAL,
        LEVEL_ERROR,
        LEVEL_WARN,
        LEVEL_NOTE,
        LEVEL_INFO,
        LEVEL_DEBUG,
        LEVEL_TRACE,
};

/* Before that everything up to LEVEL_NOTE goes to stderr. */
void log_open(void);
void log_set_level(int level);
bool log_is_on(int level);

/* Control characters come out as '?'. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LEVEL_WARN, __VA_ARGS__)
#define log_note(...) log_line(LEVEL_NOTE, __VA_ARGS__)
#define log_info(...) log_line(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LEVEL_DEBUG, __VA_ARGS__)

/* The text, ": " and what errno -r means. Returns r, for `return log_error_errno(r, "...")`. */
int log_error_errno(int r, const char *format, ...) __attribute__((format(printf, 2, 3)));
