/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * aempd
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <systemd/sd-event.h>

#include "daemon/config/config.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/options.h"

#define EXIT_USAGE 2

/* --check is asked by people: no time, no level. */
static void print_problem(void *userdata, int level, const char *text) {
        (void) fprintf(stderr, "%s%s\n", text, level == LEVEL_WARN ? " (warning)" : "");
}

static void log_problem(void *userdata, int level, const char *text) {
        log_line(level, "%s", text);
}

static int load_config(Config **ret, const Options *options) {
        ConfigSource source = {
                .file = options->config,
                .profile = options->profile,
                .problem = options->check ? print_problem : log_problem,
        };
        Config *config;
        char *path;
        int r;

        r = config_load(&config, &source);
        if (r < 0)
                return r;

        if (options->socket) {
                path = strdup(options->socket);
                if (!path) {
                        config_free(config);
                        return -ENOMEM;
                }
                free(config->socket);
                config->socket = path;
        }

        *ret = config;
        return 0;
}

/* As many descriptors as we may have; select() isn't used. */
static void raise_limits(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) >= 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
}

static int print_ok(const Config *config) {
        for (size_t i = 0; config->files[i]; i++)
                (void) printf("%s: ok\n", config->files[i]);
        if (!config->files[0])
                (void) printf("%s: not there, the defaults are ok\n", CONFIG_FILE);

        return EXIT_SUCCESS;
}

static int run(const Config *config) {
        sd_event *event = NULL;
        Daemon *daemon = NULL;
        int r;

        r = sd_event_new(&event);
        if (r < 0)
                return log_error_errno(r, "can't make an event loop");

        r = daemon_new(&daemon, event, config);
        if (r >= 0)
                r = daemon_run(daemon);

        daemon_free(daemon);
        sd_event_unref(event);
        return r;
}

int main(int argc, char **argv) {
        Options options;
        Config *config;
        int r;

        r = options_parse(&options, argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;

        log_open();

        r = load_config(&config, &options);
        if (r < 0)
                return r == -EINVAL ? EX_CONFIG : EXIT_FAILURE;

        if (options.check) {
                r = print_ok(config);
                config_free(config);
                return r;
        }

        log_set_level((int) config->log_level);
        raise_limits();
        (void) signal(SIGPIPE, SIG_IGN);

        r = run(config);
        config_free(config);
        return r < 0 ? EXIT_FAILURE : r;
}
