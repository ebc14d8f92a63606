/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reminders
 */

#include "daemon/reminder.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"
#include "tests/unit/mint.h"
#include "tests/unit/test.h"

static Certificate *make_certificate(long until) {
        _cleanup_coin_ Coin coin = mint(&(CoinKind){.name = "node", .from = -100, .until = until});
        char error[CERTIFICATE_ERROR_MAX];
        Certificate *certificate = NULL;
        Buf pem = BUF_INIT;

        coin_put(&coin, &pem);
        check_int(certificate_new(&certificate, pem.data, pem.len, NULL, 0, error), ==, 0);
        buf_deinit(&pem);
        return certificate;
}

static unsigned lines(int fd, const char *what) {
        char text[65536];
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        unsigned found = 0;

        check_int(n, >=, 0);
        text[n] = '\0';
        for (char *p = text; (p = strstr(p, what)); p++)
                found++;

        return found;
}

/* Three of them, or only three times the chance for one. */
static unsigned run(long until, const char *what) {
        Certificate *certificate = make_certificate(until);
        int saved = dup(STDERR_FILENO), fd = memfd_create("log", MFD_CLOEXEC);
        Reminder reminder = {.certificate = certificate, .name = "node.pem", .interval = USEC_PER_MSEC};
        sd_event *event = NULL;
        unsigned found;

        check_int(dup2(fd, STDERR_FILENO), >=, 0);
        check_int(sd_event_new(&event), >=, 0);
        check_int(reminder_start(&reminder, event), >=, 0);
        for (unsigned i = 0; i < 3; i++)
                check_int(sd_event_run(event, UINT64_MAX), >, 0);
        reminder_stop(&reminder);
        sd_event_unref(event);

        found = lines(fd, what);
        check_int(dup2(saved, STDERR_FILENO), >=, 0);
        close(saved);
        close(fd);
        certificate_free(certificate);
        return found;
}

TEST(again_and_again) {
        check_int(run(10, " warning: node.pem: this certificate expires in "), ==, 3);
        check_int(run(-1, " warning: node.pem: this certificate expired at "), ==, 3);
}

TEST(nothing_to_say) {
        check_int(run(100, "node.pem"), ==, 0);
}

TEST(no_certificate) {
        Reminder reminder = {.interval = USEC_PER_MSEC};
        sd_event *event = NULL;

        check_int(sd_event_new(&event), >=, 0);
        check_int(reminder_start(&reminder, event), ==, 0);
        check(!reminder.source);
        reminder_stop(&reminder);
        sd_event_unref(event);
}
