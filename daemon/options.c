/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The command line
 */

#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "daemon/config/keys.h"

enum {
        OPTION_HELP = 'h',
        OPTION_CONFIG = 0x100,
        OPTION_PROFILE,
        OPTION_SOCKET,
        OPTION_CHECK,
        OPTION_VERSION,
        OPTION_DUMP_SCHEMA,
};

static void print_help(void) {
        (void) printf("Usage: aempd [OPTION]...\n"
                      "A message bus between Linux hosts: one node of an AEMP network.\n"
                      "\n"
                      "  --config=FILE   read this configuration (default: %s)\n"
                      "  --profile=NAME  use this profile of it (default: the host's name)\n"
                      "  --socket=PATH   where local processes attach, whatever the configuration says\n"
                      "  --check         check the configuration and do nothing else\n"
                      "  --version       print the version\n"
                      "  -h, --help      print this\n"
                      "\n"
                      "See aempd(8) and aempd.conf(5).\n",
                CONFIG_FILE);
}

static int hint(void) {
        (void) fprintf(stderr, "Try 'aempd --help'.\n");
        return -EINVAL;
}

/* What getopt does not see. */
static int options_check(const Options *options, int argc, char **argv) {
        if (optind < argc) {
                (void) fprintf(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
                return hint();
        }

        if (options->socket && (options->socket[0] != '/' || strlen(options->socket) > SOCKET_PATH_MAX)) {
                (void) fprintf(stderr, "%s: --socket wants an absolute path of at most %zu octets\n",
                        argv[0], SOCKET_PATH_MAX);
                return hint();
        }

        return 0;
}

int options_parse(Options *ret, int argc, char **argv) {
        static const struct option longs[] = {
                {"config", required_argument, NULL, OPTION_CONFIG},
                {"profile", required_argument, NULL, OPTION_PROFILE},
                {"socket", required_argument, NULL, OPTION_SOCKET},
                {"check", no_argument, NULL, OPTION_CHECK},
                {"version", no_argument, NULL, OPTION_VERSION},
                {"help", no_argument, NULL, OPTION_HELP},
                {"dump-schema", no_argument, NULL, OPTION_DUMP_SCHEMA},
                {},
        };
        Options options = {};
        int c, r;

        while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
                switch (c) {
                case OPTION_CONFIG:
                        options.config = optarg;
                        break;
                case OPTION_PROFILE:
                        options.profile = optarg;
                        break;
                case OPTION_SOCKET:
                        options.socket = optarg;
                        break;
                case OPTION_CHECK:
                        options.check = true;
                        break;
                case OPTION_VERSION:
                        (void) printf("aempd %s\n", AEMPD_VERSION);
                        return 0;
                case OPTION_HELP:
                        print_help();
                        return 0;
                case OPTION_DUMP_SCHEMA:
                        config_keys_dump(stdout);
                        return 0;
                default:
                        return hint();
                }

        r = options_check(&options, argc, argv);
        if (r < 0)
                return r;

        *ret = options;
        return 1;
}
