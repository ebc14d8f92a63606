/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * aempctl
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "ctl/exit-status.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/verbs.h"

/* Of the first three descriptors, those that are closed get taken: no socket shall be our stdout. Opened the
 * wrong way round, so that using them fails. */
static void take_descriptors(void) {
        for (int fd = 0; fd < 3; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        (void) open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

static int help(const char *name) {
        const Verb *verb;

        if (!name) {
                verbs_help();
                return EXIT_SUCCESS;
        }

        verb = verb_find(name);
        if (!verb)
                return EXIT_USAGE;

        verb_help(verb);
        return EXIT_SUCCESS;
}

static int run(const Options *options, char **rest) {
        const Verb *verb;

        if (options->version) {
                (void) printf("aempctl %s\n", AEMPD_VERSION);
                return EXIT_SUCCESS;
        }

        if (rest[0] && strcmp(rest[0], "help") == 0)
                return help(rest[1]);
        if (options->help)
                return help(rest[0]);

        if (!rest[0]) {
                complain("a verb is missing");
                complain_hint("See 'aempctl --help'.");
                return EXIT_USAGE;
        }

        verb = verb_find(rest[0]);
        return verb ? verb_run(verb, options, rest + 1) : EXIT_USAGE;
}

int main(int argc, char **argv) {
        Options options;
        char **rest;
        int status;

        argv[0] = (char *) "aempctl"; /* getopt() says it */
        take_descriptors();
        (void) signal(SIGPIPE, SIG_IGN);

        if (options_parse(&options, &rest, argc, argv) < 0)
                return EXIT_USAGE;

        status = run(&options, rest);
        if (output_close() < 0 && status == EXIT_SUCCESS)
                status = EXIT_FAILURE;
        return status;
}
