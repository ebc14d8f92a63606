/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * spawn
 *
 * Its ID is known at once, but means nothing until the request has arrived. So it is printed when the node
 * has answered what was asked behind the request: had nothing come of it, a monitor would have fired before.
 */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/args.h"
#include "ctl/complain.h"
#include "ctl/death.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/human.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

typedef struct Spawn {
        Errand *errand;
        const char *function;
        char *id;
        bool wait;
        bool arrived;
} Spawn;

static void on_arrived(void *userdata) {
        Spawn *spawn = userdata;

        spawn->arrived = true;
        spawn->errand->missing = "it did not die";
        errand_check_output(spawn->errand, output_line(spawn->id));
        if (!spawn->wait)
                errand_end(spawn->errand, EXIT_SUCCESS);
}

/* It died before it was known to be there; or aempd did, which says so of all ports. */
static void spawn_fail(Spawn *spawn, aemp_msg *msg) {
        json_t *reason;
        char *text;
        int r;

        r = aemp_is_attached(spawn->errand->aemp) ? aemp_msg_json(msg, &reason) : -ENOTCONN;
        if (r < 0) {
                errand_check(spawn->errand, r, spawn->function);
                return;
        }

        text = human_reason(reason);
        errand_fail(spawn->errand, spawn_death_status(reason), "'%s' was not spawned: %s", spawn->function,
                text ?: "out of memory");
        free(text);
        json_decref(reason);
}

static int on_death(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        Spawn *spawn = userdata;
        bool normally = aemp_msg_length(reason) == 0;

        if (spawn->errand->status >= 0)
                return 0;

        if (!spawn->arrived) {
                if (!normally) {
                        spawn_fail(spawn, reason);
                        return 0;
                }
                on_arrived(spawn); /* and has done its work */
        }

        if (spawn->wait)
                errand_check_output(spawn->errand, output_message(reason));
        errand_end(spawn->errand, normally ? EXIT_SUCCESS : EXIT_FAILURE);
        return 0;
}

static void spawn_start(Spawn *spawn, const Target *on, json_t *arguments) {
        Errand *errand = spawn->errand;
        int r;

        r = aemp_spawn_json(errand->aemp, &spawn->id, on->node, spawn->function, arguments);
        if (r == -EINVAL)
                errand_fail(errand, EXIT_USAGE,
                        "'%s' is not the name of a function, such as My::Chat::connect", spawn->function);
        errand_check(errand, r, on->id);
        if (r < 0)
                return;

        errand_check(errand, aemp_mon(errand->aemp, NULL, spawn->id, on_death, spawn), spawn->id);
        errand_when_routed(errand, on->node, on_arrived, spawn);
}

static int spawn_run(const Options *options, const Target *on, const char *function, json_t *arguments) {
        _cleanup_errand_ Errand errand = {};
        Spawn spawn = {.errand = &errand, .function = function, .wait = options->wait};
        int status;

        if (!errand_start(&errand, options, options->wait ? AEMP_INFINITE : ERRAND_TIMEOUT))
                return errand.status;

        errand.missing = "it may still be spawned, but the node did not say so";
        errand.unknown_status = EXIT_NO_SUCH; /* that is the function */
        errand.to_reader = options->wait;
        spawn_start(&spawn, on, arguments);
        status = errand_run(&errand);
        free(spawn.id);
        return status;
}

int verb_spawn(const Options *options, char **args) {
        _cleanup_target_ Target on = {};
        json_t *arguments;
        int status;

        if (target_parse(&on, args[0]) < 0)
                return EXIT_USAGE;
        if (!on.is_node) {
                complain("'%s' is a port: it is a node that spawns", on.id);
                return EXIT_USAGE;
        }
        if (message_parse(&arguments, args + 2) < 0)
                return EXIT_USAGE;

        status = spawn_run(options, &on, args[1], arguments);
        json_decref(arguments);
        return status;
}
