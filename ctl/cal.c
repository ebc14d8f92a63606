/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * cal
 */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/args.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

static int on_reply(aemp_port *port, aemp_msg *msg, void *userdata) {
        Errand *errand = userdata;

        if (errand->status >= 0)
                return 0;

        errand_check_output(errand, output_message(msg));
        errand_end(errand, EXIT_SUCCESS);
        return 0;
}

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        errand_died(userdata, id, reason);
        return 0;
}

/* What aemp_cal() does for those who know how many elements their messages have. */
static int call(Errand *errand, const char *to, json_t *message) {
        aemp *a = errand->aemp;
        aemp_port *reply;
        int r;

        r = aemp_port_new(a, &reply, on_reply, errand);
        if (r < 0)
                return r;

        r = json_array_append_new(message, json_string(aemp_port_id(reply))) < 0 ? -ENOMEM : 0;
        aemp_port_unref(reply);
        if (r >= 0)
                r = aemp_mon(a, NULL, to, on_death, errand);
        if (r >= 0)
                r = aemp_snd_json(a, to, message);
        return r;
}

static int cal_message(const Options *options, const Target *to, json_t *message) {
        _cleanup_errand_ Errand errand = {};

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "no reply";
        errand_check(&errand, call(&errand, to->id, message), to->id);
        return errand_run(&errand);
}

int verb_cal(const Options *options, char **args) {
        _cleanup_target_ Target to = {};
        json_t *message;
        int status;

        if (target_parse(&to, args[0]) < 0 || message_parse(&message, args + 1) < 0)
                return EXIT_USAGE;

        status = cal_message(options, &to, message);
        json_decref(message);
        return status;
}
