/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * snd, kil
 *
 * Sending itself says nothing of success. So the port is monitored before, and afterwards its node is asked
 * for the time: when that answers, it has got the message, and what it knows of the port came before the
 * answer.
 */

#include <jansson.h>

#include "ctl/args.h"
#include "ctl/complain.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/verbs.h"

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        errand_died(userdata, id, reason);
        return 0;
}

static int send_message(const Options *options, const Target *to, json_t *message) {
        _cleanup_errand_ Errand errand = {};

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "it may still arrive, but the node did not say so";
        errand_check(&errand, aemp_mon(errand.aemp, NULL, to->id, on_death, &errand), to->id);
        errand_check(&errand, aemp_snd_json(errand.aemp, to->id, message), to->id);
        errand_end_routed(&errand, to->node);
        return errand_run(&errand);
}

int verb_snd(const Options *options, char **args) {
        _cleanup_target_ Target to = {};
        json_t *message;
        int status;

        if (target_parse(&to, args[0]) < 0 || message_parse(&message, args + 1) < 0)
                return EXIT_USAGE;

        status = send_message(options, &to, message);
        json_decref(message);
        return status;
}

/* Of dead ports nothing is said, and all is well. */
static int send_kill(const Options *options, const Target *to, json_t *reason) {
        _cleanup_errand_ Errand errand = {};

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "it may still die, but the node did not say so";
        errand_check(&errand, aemp_kil_json(errand.aemp, to->id, reason), to->id);
        errand_end_routed(&errand, to->node);
        return errand_run(&errand);
}

int verb_kil(const Options *options, char **args) {
        _cleanup_target_ Target to = {};
        json_t *reason;
        int status;

        if (target_parse(&to, args[0]) < 0 || message_parse(&reason, args + 1) < 0)
                return EXIT_USAGE;

        if (to.is_node) {
                complain("'%s' is a node: only ports can be killed", to.id);
                status = EXIT_USAGE;
        } else {
                status = send_kill(options, &to, reason);
        }

        json_decref(reason);
        return status;
}
