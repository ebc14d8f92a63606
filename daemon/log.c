/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The log
 *
 * Whether stderr is the journal is what JOURNAL_STREAM says, the device and inode of that stream: the
 * variable alone is inherited by programs whose stderr went elsewhere.
 */

#include "daemon/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static int log_level = LEVEL_NOTE;
static bool log_to_journal;

static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        uintmax_t dev, ino;
        struct stat st;

        if (!stream || sscanf(stream, "%ju:%ju", &dev, &ino) != 2)
                return false;

        return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_open(void) {
        log_to_journal = stderr_is_journal();
}

void log_set_level(int level) {
        log_level = level;
}

bool log_is_on(int level) {
        return level <= log_level;
}

static const char *level_name(int level) {
        static const char *const names[] = {
                [LEVEL_FATAL] = "fatal",
                [LEVEL_ALERT] = "alert",
                [LEVEL_CRITICAL] = "critical",
                [LEVEL_ERROR] = "error",
                [LEVEL_WARN] = "warning",
                [LEVEL_NOTE] = "note",
                [LEVEL_INFO] = "info",
                [LEVEL_DEBUG] = "debug",
                [LEVEL_TRACE] = "trace",
        };

        return names[level];
}

/* Nine levels: syslog's eight, from emergency to debug, and trace. Nothing of ours is an emergency. */
static int level_priority(int level) {
        return level == LEVEL_FATAL ? 1 : level == LEVEL_TRACE ? 7 : level - 1;
}

static void log_text(int level, char *text) {
        struct timespec now;
        struct tm tm;
        char when[sizeof("2026-12-31 23:59:59")] = "";

        for (char *p = text; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = '?';

        if (log_to_journal &&
                sd_journal_send("PRIORITY=%i", level_priority(level), "MESSAGE=%s", text, NULL) >= 0)
                return;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        if (localtime_r(&now.tv_sec, &tm))
                (void) strftime(when, sizeof(when), "%F %T", &tm);

        (void) fprintf(stderr, "%s.%03ld %s: %s\n", when, now.tv_nsec / 1000000, level_name(level), text);
}

void log_line(int level, const char *format, ...) {
        char text[LOG_LINE_MAX];
        va_list ap;

        if (!log_is_on(level))
                return;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        log_text(level, text);
}

int log_error_errno(int r, const char *format, ...) {
        char text[LOG_LINE_MAX];
        size_t n;
        va_list ap;

        if (!log_is_on(LEVEL_ERROR))
                return r;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        n = strlen(text);
        (void) snprintf(text + n, sizeof(text) - n, ": %s", strerror(-r));

        log_text(LEVEL_ERROR, text);
        return r;
}
