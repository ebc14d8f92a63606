/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * mon, rcv: verbs that wait for others
 */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "ctl/args.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

/* --- mon --------------------------------------------------------------------------------------------- */

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        Errand *errand = userdata;

        if (errand->status >= 0)
                return 0;

        errand_check_output(errand, output_message(reason));
        errand_end(errand, EXIT_SUCCESS);
        return 0;
}

int verb_mon(const Options *options, char **args) {
        _cleanup_target_ Target of = {};
        _cleanup_errand_ Errand errand = {};

        if (target_parse(&of, args[0]) < 0)
                return EXIT_USAGE;
        if (!errand_start(&errand, options, AEMP_INFINITE))
                return errand.status;

        errand.missing = "it did not die";
        errand.to_reader = true;
        errand_check(&errand, aemp_mon(errand.aemp, NULL, of.id, on_death, &errand), of.id);
        return errand_run(&errand);
}

/* --- rcv --------------------------------------------------------------------------------------------- */

typedef struct Receiver {
        Errand *errand;
        aemp_port *port;
        uint64_t left; /* messages; UINT64_MAX: no end */
        bool announced;
} Receiver;

/* Its ID, the first line. */
static void announce(void *userdata) {
        Receiver *receiver = userdata;

        if (receiver->announced)
                return;

        receiver->announced = true;
        errand_check_output(receiver->errand, output_line(aemp_port_id(receiver->port)));
}

static int on_message(aemp_port *port, aemp_msg *msg, void *userdata) {
        Receiver *receiver = userdata;
        Errand *errand = receiver->errand;

        if (errand->status >= 0)
                return 0;

        announce(receiver); /* who knows the name may be faster than the answer that it is ours */
        errand_check_output(errand, output_message(msg));
        if (receiver->left != UINT64_MAX && --receiver->left == 0)
                errand_end(errand, EXIT_SUCCESS);
        return 0;
}

/* Somebody killed our port: with an empty reason that is how rcv is told to end. */
static int on_killed(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        Errand *errand = userdata;

        if (aemp_msg_length(reason) == 0)
                errand_end(errand, EXIT_SUCCESS);
        else
                errand_died(errand, id, reason);
        return 0;
}

/* Not before it has the name is its ID printed. */
static int receive(Receiver *receiver, const char *name) {
        Errand *errand = receiver->errand;
        int r;

        r = aemp_port_new(errand->aemp, &receiver->port, on_message, receiver);
        if (r < 0)
                return r;

        r = aemp_mon(errand->aemp, NULL, aemp_port_id(receiver->port), on_killed, errand);
        if (r < 0)
                return r;

        if (!name) {
                announce(receiver);
                return 0;
        }

        r = aemp_reg(receiver->port, NULL, name);
        if (r == -EINVAL)
                errand_fail(errand, EXIT_USAGE, "'%s' is not a name: 1 to 255 printable characters", name);
        else if (r >= 0)
                errand_when_routed(errand, "", announce, receiver);
        return r;
}

int verb_rcv(const Options *options, char **args) {
        _cleanup_errand_ Errand errand = {};
        Receiver receiver = {.errand = &errand, .left = options->count > 0 ? options->count : UINT64_MAX};
        int status;

        if (!errand_start(&errand, options, AEMP_INFINITE))
                return errand.status;

        errand.missing = options->count > 0 ? "not as many messages came" : "it was not killed";
        errand.to_reader = true;
        errand_check(&errand, receive(&receiver, options->name), "can't receive");
        status = errand_run(&errand);
        aemp_port_unref(receiver.port);
        return status;
}
