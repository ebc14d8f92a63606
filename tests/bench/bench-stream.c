/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How fast messages go through aempd
 *
 * Each measurement is called "kind/daemons/form/size/how", such as "one-way/2/raw/64/free" or
 * "trip/2-tls/pack/64/pinned"; the argument is a pattern of these. All forms of a group (the same but for
 * the form) are measured right after each other, the bare relay first, and that in several rounds, because
 * machines change their mind: compared is within a round.
 */

#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/cert.h"
#include "tests/bench/kernel.h"
#include "tests/bench/rig.h"
#include "tests/bench/series.h"
#include "tests/bench/talk.h"

#define WINDOW 1000
#define TRIP_SIZE 64

static const Form *const forms[] = {
        &form_relay,
        &form_socket,
        &form_raw,
        &form_pack,
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]), FORM_RELAY = 0 };

typedef struct Options {
        const char *aempd; /* NULL: the relay only */
        const char *pattern;
        unsigned rounds;
        uint64_t nsec; /* of one measurement */
        unsigned rest; /* ms before each one, for others on the machine */
        bool verbose;
} Options;

/* The daemons in the way. */
typedef struct Way {
        const char *name;
        const char *title;
        int hops;
        RigLink link;
} Way;

static const Way ways[] = {
        {"1", "1", 1, RIG_LINK_PLAIN},
        {"2", "2", 2, RIG_LINK_PLAIN},
        {"2-json", "2, JSON", 2, RIG_LINK_JSON},
        {"2-tls", "2, TLS", 2, RIG_LINK_TLS},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* Bare relays, and aempds. */
typedef Rig Rigs[WAYS][2];

/* What is measured in all forms. */
typedef struct Group {
        TalkKind kind;
        size_t way;
        size_t size;
        unsigned window;
        int cpu;
        Series rate[FORMS];  /* thousand messages in a second */
        Series ratio[FORMS]; /* to the relay: of rates, or of medians of round trips */
        Series p50[FORMS];   /* µs of a round trip */
        Series p99[FORMS];
        Series cpu_daemon[FORMS]; /* seconds of all daemons in a million messages */
        Series cpu_sender[FORMS];
        Series cpu_receiver[FORMS];
} Group;

static const size_t sizes[] = {64, 1024, 16 * 1024};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* [way][with the window][size] */
static Group one_way[WAYS][2][SIZES];
/* [way][anywhere] */
static Group trips[WAYS][2];

/* --- measuring -------------------------------------------------------------------------------------- */

static void group_measure(Group *group, const Options *options, Rigs rigs) {
        double relay = 0;

        for (size_t i = 0; i < FORMS; i++) {
                Rig *rig = &rigs[group->way][i != FORM_RELAY];
                TalkPlan plan = {
                        .form = forms[i],
                        .path = {rig_path(rig, 0), rig_path(rig, 1)},
                        .kind = group->kind,
                        .size = group->size,
                        .window = group->window,
                        .nsec = options->nsec,
                        .cpu = group->cpu,
                };
                TalkResult result;
                char name[64];
                double cpu, millions;

                (void) snprintf(name, sizeof(name), "%s/%s/%s/%zu/%s",
                        group->kind == TALK_TRIPS ? "trip" : "one-way", ways[group->way].name,
                        forms[i]->name, group->size,
                        group->window             ? "window"
                                : group->cpu >= 0 ? "pinned"
                                                  : "free");
                if (rig->hops == 0 || fnmatch(options->pattern, name, 0) != 0)
                        continue;

                (void) usleep(options->rest * 1000);
                rig_pin(rig, group->cpu);
                cpu = rig_cpu(rig);
                if (talk_run(&plan, &result) < 0)
                        errx(1, "%s failed", name);
                cpu = rig_cpu(rig) - cpu;
                millions = (double) result.messages / 1e6;

                series_add(&group->rate[i], result.rate / 1e3);
                series_add(&group->cpu_daemon[i], cpu / millions);
                series_add(&group->cpu_sender[i], result.sender / millions);
                series_add(&group->cpu_receiver[i], result.receiver / millions);
                series_add(&group->p50[i], result.p50);
                series_add(&group->p99[i], result.p99);

                if (i == FORM_RELAY)
                        relay = group->kind == TALK_TRIPS ? result.p50 : result.rate;
                if (relay > 0)
                        series_add(&group->ratio[i],
                                (group->kind == TALK_TRIPS ? result.p50 : result.rate) / relay);

                if (options->verbose)
                        (void) fprintf(stderr,
                                "%-32s %9.1f k/s, p50 %.1f p99 %.1f us, CPU s/million: %.3f + %.3f + %.3f\n",
                                name, result.rate / 1e3, result.p50, result.p99, result.sender / millions,
                                cpu / millions, result.receiver / millions);
        }
}

static void groups_init(void) {
        for (size_t way = 0; way < WAYS; way++)
                for (int i = 0; i < 2; i++) {
                        for (size_t size = 0; size < SIZES; size++)
                                one_way[way][i][size] = (Group){.kind = TALK_ONE_WAY,
                                        .way = way,
                                        .size = sizes[size],
                                        .window = i ? WINDOW : 0,
                                        .cpu = -1};
                        trips[way][i] = (Group){
                                .kind = TALK_TRIPS, .way = way, .size = TRIP_SIZE, .cpu = i ? -1 : 0};
                }
}

static void groups_measure(const Options *options, Rigs rigs) {
        for (size_t way = 0; way < WAYS; way++)
                for (int i = 0; i < 2; i++) {
                        for (size_t size = 0; size < SIZES; size++)
                                group_measure(&one_way[way][i][size], options, rigs);
                        group_measure(&trips[way][i], options, rigs);
                }
}

/* --- showing ---------------------------------------------------------------------------------------- */

static void show_value(const Series *series, const Series *ratio) {
        double v = series_median(series);

        if (series->n == 0)
                (void) printf(" |");
        else if (ratio)
                (void) printf(" %.*f (%.2f) |", v < 100 ? 1 : 0, v, series_median(ratio));
        else
                (void) printf(" %.*f |", v < 1 ? 3 : v < 1000 ? 1 : 0, v);
}

static void show_one_way(size_t form, size_t way, int window) {
        const Group *g = one_way[way][window];

        if (g[0].rate[form].n + g[1].rate[form].n + g[2].rate[form].n == 0)
                return;

        (void) printf("| %s | %s | %s |", forms[form]->title, ways[way].title, window ? "yes" : "no");
        for (size_t size = 0; size < SIZES; size++)
                show_value(&g[size].rate[form], form == FORM_RELAY ? NULL : &g[size].ratio[form]);
        show_value(&g[0].cpu_daemon[form], NULL);
        show_value(&g[0].cpu_sender[form], NULL);
        show_value(&g[0].cpu_receiver[form], NULL);
        (void) printf("\n");
}

static void show_trips(size_t form, size_t way) {
        const Group *g = trips[way];

        if (g[0].p50[form].n + g[1].p50[form].n == 0)
                return;

        (void) printf("| %s | %s |", forms[form]->title, ways[way].title);
        for (int i = 0; i < 2; i++) {
                show_value(&g[i].p50[form], form == FORM_RELAY ? NULL : &g[i].ratio[form]);
                show_value(&g[i].p99[form], NULL);
        }
        (void) printf("\n");
}

static void show_kernel(void) {
        Kernel kernel;

        kernel_measure(&kernel);
        (void) printf("This machine: %ld CPUs; system call %.0f ns; 64 octets written and read: Unix %.0f "
                      "ns, TCP %.0f ns.\n\n",
                sysconf(_SC_NPROCESSORS_ONLN), kernel.null, kernel.unix_, kernel.tcp);
}

static void show(const Options *options) {
        if (strcmp(options->pattern, "*") == 0)
                show_kernel();
        (void) printf("One way, thousand messages a second, medians of %u rounds. In brackets: in ratio to "
                      "the relay of\n"
                      "the same way and window. CPU: seconds for a million messages of 64 octets, of the "
                      "daemons, the\n"
                      "sender, the receiver.\n\n"
                      "| | daemons | window | 64 B | 1 KiB | 16 KiB | CPU | sender | receiver |\n"
                      "|---|---|---|---|---|---|---|---|---|\n",
                options->rounds);
        for (size_t way = 0; way < WAYS; way++)
                for (int window = 0; window < 2; window++)
                        for (size_t form = 0; form < FORMS; form++)
                                show_one_way(form, way, window);

        (void) printf(
                "\nRound trip of 64 octets, µs. In brackets: in ratio to the relay of the same way.\n\n"
                "| | daemons | one CPU, p50 | p99 | placed freely, p50 | p99 |\n"
                "|---|---|---|---|---|---|\n");
        for (size_t way = 0; way < WAYS; way++)
                for (size_t form = 0; form < FORMS; form++)
                        show_trips(form, way);
}

/* --- main ------------------------------------------------------------------------------------------- */

static int parse(int argc, char **argv, Options *options) {
        static const struct option longs[] = {
                {"aempd", required_argument, NULL, 'a'},
                {"rounds", required_argument, NULL, 'r'},
                {"time", required_argument, NULL, 't'},
                {"rest", required_argument, NULL, 'R'},
                {"verbose", no_argument, NULL, 'v'},
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "a:r:t:v", longs, NULL)) >= 0)
                switch (c) {
                case 'a':
                        options->aempd = optarg;
                        break;
                case 'r':
                        options->rounds = (unsigned) strtoul(optarg, NULL, 10);
                        break;
                case 't':
                        options->nsec = strtoul(optarg, NULL, 10) * 1000000;
                        break;
                case 'R':
                        options->rest = (unsigned) strtoul(optarg, NULL, 10);
                        break;
                case 'v':
                        options->verbose = true;
                        break;
                default:
                        return -1;
                }

        if (optind < argc)
                options->pattern = argv[optind++];

        return optind == argc && options->rounds > 0 && options->rounds <= SERIES_MAX ? 0 : -1;
}

int main(int argc, char **argv) {
        Options options = {.aempd = getenv("AEMPD"), .pattern = "*", .rounds = 5, .nsec = 250000000};
        Rigs rigs = {};
        char dir[] = "/tmp/aempd-bench-XXXXXX", command[64], pem[64];
        RigParts parts = {.dir = dir, .pem = pem};

        if (parse(argc, argv, &options) < 0) {
                (void) fprintf(stderr,
                        "%s [--aempd=BINARY] [--rounds=N] [--time=MSEC] [--rest=MSEC] [--verbose] "
                        "[PATTERN]\n",
                        program_invocation_short_name);
                return 2;
        }
        if (!mkdtemp(dir))
                err(1, "%s", dir);

        groups_init();
        (void) snprintf(pem, sizeof(pem), "%s/pem", dir);
        cert_write(pem);
        parts.aempd = options.aempd;
        for (size_t way = 0; way < WAYS; way++) {
                rig_start_relays(&rigs[way][0], &parts, ways[way].hops, ways[way].link);
                if (options.aempd)
                        rig_start_aempds(&rigs[way][1], &parts, ways[way].hops, ways[way].link);
        }

        for (unsigned round = 0; round < options.rounds; round++)
                groups_measure(&options, rigs);
        show(&options);

        for (size_t way = 0; way < WAYS; way++)
                for (int i = 0; i < 2; i++)
                        rig_stop(&rigs[way][i]);
        (void) snprintf(command, sizeof(command), "rm -rf %s", dir);
        return system(command) == 0 ? 0 : 1;
}
