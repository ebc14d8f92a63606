/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * cal
 */

#include <errno.h>
#include <jansson.h>

#include "ctl/args.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

typedef struct Call {
        Errand *errand;
        const char *to;
} Call;

static int on_end(aemp *a, int error, aemp_msg *msg, void *userdata) {
        Call *call = userdata;
        Errand *errand = call->errand;

        if (errand->status >= 0)
                return 0;

        /* else: on_timeout(), on_refused(), on_detach() */
        if (error == -ECONNRESET)
                errand_died(errand, call->to, msg);
        else if (error == 0) {
                errand_check_output(errand, output_message(msg));
                errand_end(errand, EXIT_SUCCESS);
        }
        return 0;
}

static int cal_message(const Options *options, const Target *to, json_t *message) {
        _cleanup_errand_ Errand errand = {};
        Call call = {&errand, to->id};
        int r;

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "no reply";
        r = aemp_cal_json(errand.aemp, NULL, to->id, AEMP_INFINITE, on_end, &call, message);
        errand_check(&errand, r, to->id);
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
