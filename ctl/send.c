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

static int send_message(const Options *options, const Target *to, const json_t *message) {
        _cleanup_errand_ Errand errand = {};

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "it may still arrive, but the node did not say so";
        errand_check(&errand, aemp_mon(errand.aemp, NULL, to->id, on_death, &errand), to->id);
        errand_check(&errand, aemp_snd_json(errand.aemp, to->id, (json_t *) message), to->id);
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
static int send_kill(const Options *options, const Target *to, const json_t *request) {
        _cleanup_errand_ Errand errand = {};

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "it may still die, but the node did not say so";
        errand_check(&errand, aemp_snd_json(errand.aemp, "", (json_t *) request), to->id);
        errand_end_routed(&errand, to->node);
        return errand_run(&errand);
}

/* aempd's own request: aemp_kil() wants to know at compile time how many elements a reason has. */
static json_t *kill_request(const char *id, const json_t *reason) {
        json_t *request = json_pack("[s,s]", "kil1", id);

        if (request && json_array_extend(request, (json_t *) reason) < 0) {
                json_decref(request);
                return NULL;
        }

        return request;
}

int verb_kil(const Options *options, char **args) {
        _cleanup_target_ Target to = {};
        json_t *reason, *request;
        int status;

        if (target_parse(&to, args[0]) < 0 || message_parse(&reason, args + 1) < 0)
                return EXIT_USAGE;

        request = to.is_node ? NULL : kill_request(to.id, reason);
        json_decref(reason);
        if (to.is_node) {
                complain("'%s' is a node: only ports can be killed", to.id);
                return EXIT_USAGE;
        }
        if (!request) {
                complain("out of memory");
                return EXIT_FAILURE;
        }

        status = send_kill(options, &to, request);
        json_decref(request);
        return status;
}
