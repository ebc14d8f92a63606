/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Errands
 *
 * The loop is our own because of stdout: "aempctl rcv | head -1" shall end when head does, not with the next
 * message that somebody may send some day.
 */

#include "ctl/errand.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "ctl/death.h"
#include "ctl/exit-status.h"

#define CLOSE_TIMEOUT (1 * 1000 * 1000U) /* usec */

/* --- its end ----------------------------------------------------------------------------------------- */

void errand_end(Errand *errand, int status) {
        if (errand->status < 0)
                errand->status = status;
}

void errand_fail(Errand *errand, int status, const char *format, ...) {
        char *text = NULL;
        va_list ap;

        if (errand->status >= 0)
                return;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        complain("%s", text ?: "out of memory");
        free(text);
        errand_end(errand, status);
}

static int status_of_errno(int r) {
        switch (r) {
        case -EINVAL:
                return EXIT_USAGE;
        case -ENOTCONN:
                return EXIT_NO_DAEMON;
        case -EACCES:
        case -EPERM:
                return EXIT_DENIED;
        case -ETIMEDOUT:
                return EXIT_TIMEOUT;
        default:
                return EXIT_FAILURE;
        }
}

void errand_check(Errand *errand, int r, const char *what) {
        if (r == -ENOTCONN)
                errand_fail(errand, EXIT_NO_DAEMON, "the connection to aempd was lost");
        else if (r == -EINVAL)
                errand_fail(errand, EXIT_USAGE, "'%s' is not a port ID", what);
        else if (r == -EMSGSIZE)
                errand_fail(errand, EXIT_FAILURE, "%s: the message is larger than aempd takes", what);
        else if (r < 0)
                errand_fail(errand, status_of_errno(r), "%s: %s", what, strerror(-r));
}

void errand_check_output(Errand *errand, int r) {
        if (r < 0)
                errand_end(errand, EXIT_FAILURE); /* output_close() complains */
}

void errand_died(Errand *errand, const char *id, aemp_msg *reason) {
        json_t *array;
        char *text;
        int r;

        /* then aempd is what died */
        r = aemp_is_attached(errand->aemp) ? aemp_msg_json(reason, &array) : -ENOTCONN;
        if (r < 0) {
                errand_check(errand, r, id);
                return;
        }

        text = death_text(id, array);
        errand_fail(errand, death_status(array), "%s", text ?: "out of memory");
        free(text);
        json_decref(array);
}

/* --- its beginning ----------------------------------------------------------------------------------- */

static int on_timeout(aemp *a, void *userdata) {
        Errand *errand = userdata;

        errand_fail(errand, EXIT_TIMEOUT, "%s within %g s", errand->missing, (double) errand->timeout / 1e6);
        return 0;
}

static int on_detach(aemp *a, void *userdata) {
        errand_fail(userdata, EXIT_NO_DAEMON, "the connection to aempd was lost");
        return 0;
}

static bool is_operation(const char *tag) {
        return strncmp(tag, "aempd::", strlen("aempd::")) == 0;
}

/* What a process here may have registered. */
static bool is_function(const char *tag) {
        return strstr(tag, "::") && !is_operation(tag) && strncmp(tag, "AnyEvent::MP::", 14) != 0;
}

static int status_of_refusal(const Errand *errand, const char *tag, const char *code) {
        if (strcmp(code, "denied") == 0)
                return EXIT_DENIED;
        if (strcmp(code, "invalid") == 0)
                return EXIT_USAGE;
        if (strcmp(code, "unknown") == 0 && errand->unknown_status > 0)
                return errand->unknown_status;
        if (strcmp(code, "unknown") == 0 && is_function(tag))
                return EXIT_NO_SUCH;
        return EXIT_FAILURE;
}

/* NULL: none */
static const char *hint_of_refusal(const char *tag, const char *code) {
        if (strcmp(code, "unknown") == 0 && is_function(tag))
                return "Nobody on this node has that function.";
        if (strcmp(code, "denied") != 0)
                return NULL;
        if (is_operation(tag))
                return "That is for root, the user that aempd runs as, and the 'admins' in aempd.conf.";
        return strcmp(tag, "reg1") == 0 ? "Another user's port has that name." : NULL;
}

static int on_refused(aemp *a, const char *tag, const char *code, const char *text, void *userdata) {
        const char *hint = hint_of_refusal(tag, code);
        Errand *errand = userdata;

        if (errand->status >= 0)
                return 0;

        errand_fail(errand, status_of_refusal(errand, tag, code), "aempd refused '%s' (%s): %s", tag, code,
                text);
        if (hint)
                complain_hint(hint);
        return 0;
}

static void fail_open(Errand *errand, int r, const char *text, const char *address) {
        if (r == -ETIMEDOUT)
                errand_fail(errand, EXIT_TIMEOUT, "aempd does not answer: %s", text ?: strerror(-r));
        else
                errand_fail(errand, r == -ENOENT || r == -ECONNREFUSED ? EXIT_NO_DAEMON : status_of_errno(r),
                        "%s", text ?: strerror(-r));

        if (r == -ENOENT || r == -ECONNREFUSED)
                complain_hint("Is aempd running? 'systemctl start aempd' starts it, "
                              "--address=unix:path=... names another socket.");
        else if (r == -EACCES)
                complain_hint("Who may attach is in the socket's mode and group: 'socket_mode' and "
                              "'socket_group' in aempd.conf.");
        else if (r == -ETIMEDOUT)
                complain_hint("It has its socket, but is stopped, or very busy. 'systemctl status aempd' "
                              "shows what it does.");
        else if (r == -EINVAL && address && address[0] == '/')
                complain_hint("A path wants 'unix:path=' before it.");
}

bool errand_start(Errand *errand, const Options *options, uint64_t timeout) {
        char *error = NULL;
        int r;

        *errand = (Errand){
                .status = -1,
                .timeout = options->timeout > 0 ? options->timeout : timeout,
                .missing = "no answer from aempd",
        };

        r = aemp_open_error(&errand->aemp, options->address, "aempctl", &error);
        if (r < 0) {
                fail_open(errand, r, error, options->address ?: getenv("AEMP_ADDRESS"));
                free(error);
                return false;
        }

        r = aemp_on_refused(errand->aemp, NULL, on_refused, errand);
        if (r >= 0)
                r = aemp_on_detach(errand->aemp, NULL, on_detach, errand);
        if (r >= 0 && errand->timeout != AEMP_INFINITE)
                r = aemp_after(errand->aemp, NULL, errand->timeout, on_timeout, errand);
        errand_check(errand, r, "can't start");
        return errand->status < 0;
}

/* --- in between -------------------------------------------------------------------------------------- */

static int on_routed(aemp *a, int error, aemp_msg *msg, void *userdata) {
        Errand *errand = userdata;

        /* -ECONNREFUSED: on_refused() has the text */
        if (error == -ECONNRESET)
                errand_died(errand, "the node", msg);
        else if (error == 0 && errand->status < 0)
                errand->on_routed(errand->on_routed_userdata);
        return 0;
}

static void end_well(void *userdata) {
        errand_end(userdata, EXIT_SUCCESS);
}

void errand_end_routed(Errand *errand, const char *node) {
        errand_when_routed(errand, node, end_well, errand);
}

void errand_when_routed(Errand *errand, const char *node, void (*fn)(void *userdata), void *userdata) {
        int r;

        errand->on_routed = fn;
        errand->on_routed_userdata = userdata;

        r = aemp_cal(errand->aemp, NULL, node, AEMP_INFINITE, on_routed, errand, "[s]", "time");
        errand_check(errand, r, node);
}

static void errand_wait(Errand *errand) {
        struct pollfd fds[] = {
                {.fd = aemp_get_fd(errand->aemp), .events = POLLIN},
                /* errors only; a negative one is not looked at */
                {.fd = errand->to_reader ? STDOUT_FILENO : -1},
        };

        if (poll(fds, 2, -1) < 0) {
                if (errno != EINTR)
                        errand_check(errand, -errno, "can't wait");
                return;
        }

        if (fds[1].revents)
                errand_fail(errand, EXIT_FAILURE, "nobody reads the output any more");
}

int errand_run(Errand *errand) {
        while (errand->status < 0) {
                int r = aemp_process(errand->aemp);

                errand_check(errand, r, "can't go on");
                if (r == 0 && errand->status < 0)
                        errand_wait(errand);
        }

        if (aemp_is_attached(errand->aemp) > 0)
                (void) aemp_close(errand->aemp, CLOSE_TIMEOUT);
        return errand->status;
}

void errand_deinit(Errand *errand) {
        aemp_unref(errand->aemp);
}
