/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Questions to aempd
 */

#include "ctl/question.h"

#include <jansson.h>

#include "ctl/errand.h"
#include "ctl/exit-status.h"

typedef struct Question {
        Errand *errand;
        json_t *answer;
} Question;

static int on_answer(aemp *a, int error, aemp_msg *msg, void *userdata) {
        Question *question = userdata;
        int r;

        /* else: on_timeout(), on_refused(), on_detach() */
        if (error < 0)
                return 0;

        r = aemp_msg_unpack(msg, "[O]", &question->answer);
        errand_check(question->errand, r, "can't read the answer");
        errand_end(question->errand, EXIT_SUCCESS);
        return 0;
}

int question_ask(const Options *options, const char *operation, json_t **ret) {
        _cleanup_errand_ Errand errand = {};
        Question question = {.errand = &errand};
        int r, status;

        if (!errand_start(&errand, options, ERRAND_TIMEOUT))
                return errand.status;

        r = aemp_cal(errand.aemp, NULL, "", AEMP_INFINITE, on_answer, &question, "[s]", operation);
        errand_check(&errand, r, operation);
        status = errand_run(&errand);
        if (status == EXIT_SUCCESS)
                *ret = question.answer;
        else
                json_decref(question.answer);
        return status;
}
