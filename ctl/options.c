/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The options of the command line
 *
 * They may stand anywhere: getopt_long() moves them before the rest, up to "--".
 */

#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <aemp-client.h>

#include "ctl/complain.h"

#define ELEMENTS_OF(array) (sizeof(array) / sizeof(*(array)))

#define USEC_PER_SEC 1000000
#define TIMEOUT_MAX 1e9 /* seconds */
#define DAYS_MAX 36500

/* Those without a letter */
enum {
        LONG_VERSION = 0x100,
        LONG_CA,
        LONG_DAYS,
        LONG_NAME,
        LONG_OUTPUT,
        LONG_WAIT,
};

static int parse_seconds(const char *text, uint64_t *ret) {
        double seconds;
        char *end;

        if (strcmp(text, "infinity") == 0) {
                *ret = AEMP_INFINITE;
                return 0;
        }

        if (text[strspn(text, "0123456789.")])
                return -EINVAL;
        seconds = strtod(text, &end);
        if (end == text || *end || !(seconds * USEC_PER_SEC >= 1) || seconds > TIMEOUT_MAX)
                return -EINVAL;

        *ret = (uint64_t) (seconds * USEC_PER_SEC);
        return 0;
}

static int parse_count(const char *text, uint64_t *ret) {
        unsigned long long n;
        char *end;

        if (!*text || text[strspn(text, "0123456789")])
                return -EINVAL;
        errno = 0;
        n = strtoull(text, &end, 10);
        if (errno || *end || n == 0)
                return -EINVAL;

        *ret = n;
        return 0;
}

/* Those of only some verbs. 0: it is none of them. */
static int option_parse_special(Options *options, int c) {
        switch (c) {
        case 'n':
                if (parse_count(optarg, &options->count) >= 0)
                        return OPTION_COUNT;
                complain("'%s' is not a number of messages, 1 or more", optarg);
                return -EINVAL;
        case LONG_CA:
                options->ca = optarg;
                return OPTION_CA;
        case LONG_DAYS:
                if (parse_count(optarg, &options->days) >= 0 && options->days <= DAYS_MAX)
                        return OPTION_DAYS;
                complain("'%s' is not a number of days, 1 to %d", optarg, DAYS_MAX);
                return -EINVAL;
        case LONG_NAME:
                options->name = optarg;
                return OPTION_NAME;
        case LONG_OUTPUT:
                options->output = optarg;
                return OPTION_OUTPUT;
        case LONG_WAIT:
                options->wait = true;
                return OPTION_WAIT;
        default:
                return 0;
        }
}

static int option_parse(Options *options, int c) {
        int r;

        r = option_parse_special(options, c);
        if (r != 0) {
                options->given |= r > 0 ? (unsigned) r : 0;
                return r;
        }

        switch (c) {
        case 'a':
                options->address = optarg;
                return 0;
        case 'h':
                options->help = true;
                return 0;
        case 'j':
                options->json = true;
                return 0;
        case 't':
                if (parse_seconds(optarg, &options->timeout) >= 0)
                        return 0;
                complain("'%s' is not a time: seconds, such as 5 or 0.5, or 'infinity'", optarg);
                return -EINVAL;
        case LONG_VERSION:
                options->version = true;
                return 0;
        default:
                complain_hint(
                        "See 'aempctl --help'. Arguments that start with '-' want a '--' before them.");
                return -EINVAL;
        }
}

int options_parse(Options *ret, char ***ret_rest, int argc, char **argv) {
        static const struct option longs[] = {
                {"address", required_argument, NULL, 'a'},
                {"ca", required_argument, NULL, LONG_CA},
                {"count", required_argument, NULL, 'n'},
                {"days", required_argument, NULL, LONG_DAYS},
                {"help", no_argument, NULL, 'h'},
                {"json", no_argument, NULL, 'j'},
                {"name", required_argument, NULL, LONG_NAME},
                {"output", required_argument, NULL, LONG_OUTPUT},
                {"timeout", required_argument, NULL, 't'},
                {"version", no_argument, NULL, LONG_VERSION},
                {"wait", no_argument, NULL, LONG_WAIT},
                {},
        };
        Options options = {};
        int c, r;

        while ((c = getopt_long(argc, argv, "a:hjn:t:", longs, NULL)) >= 0) {
                r = option_parse(&options, c);
                if (r < 0)
                        return r;
        }

        *ret = options;
        *ret_rest = argv + optind;
        return 0;
}

const char *option_text(unsigned options) {
        static const char *const texts[] = {"-n", "--name", "--wait", "--output", "--days", "--ca"};
        size_t i = 0;

        while (i + 1 < ELEMENTS_OF(texts) && !(options & 1U << i))
                i++;
        return texts[i];
}
