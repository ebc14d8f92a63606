/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The property test
 *
 * Each seed is a network of at least six nodes with programs, a thousand messages, ten faults and more, and
 * then quiet. Whatever happens, what AEMP promises has to hold (oracle.h).
 */

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/core/plant.h"
#include "tests/world/actor.h"
#include "tests/world/behave.h"
#include "tests/world/fault.h"
#include "tests/world/talk.h"

#define MESSAGES 1000
#define SPAWN_TURNS 100
#define FAULTS_MAX 1000 /* when programs have come to a standstill */
#define TRACE_SHOWN 60  /* lines, of a seed that fails */

static unsigned wanted_hosts; /* 0: by chance, six or more */

static const char *failed_plant(void);

/* --- one seed ---------------------------------------------------------------------------------------- */

static void choose_times(World *world) {
        /* monitor_timeout, heartbeat_interval, connect_interval, handshake_timeout: seconds / 10. A round
         * trip takes up to 0.6 s: connect_interval has to be longer, and handshake_timeout longer than four
         * of them, or an attempt may fail when all is well. */
        static const uint16_t times[][4] = {
                {300, 50, 20, 50}, {100, 20, 10, 40}, {60, 10, 10, 40}, {60, 20, 20, 50}};
        const uint16_t *t = times[rng_below(&world->sim.rng, 4)];
        NodeConfig *config = &world->node_config;

        config->monitor_timeout = t[0] * USEC_PER_SEC / 10;
        config->heartbeat_interval = t[1] * USEC_PER_SEC / 10;
        config->connect_interval = t[2] * USEC_PER_SEC / 10;
        config->handshake_timeout = t[3] * USEC_PER_SEC / 10;
}

static void choose_limits(World *world) {
        Rng *rng = &world->sim.rng;
        NodeConfig *config = &world->node_config;

        if (rng_percent(rng, 50)) {
                config->client_high = rng_between(rng, 4, 32) * 1024;
                config->client_hard = config->client_high * rng_between(rng, 2, 10);
        }
        if (rng_percent(rng, 50)) {
                config->peer_high = rng_between(rng, 4, 64) * 1024;
                config->peer_hard = config->peer_high * rng_between(rng, 2, 10);
        }
        if (rng_percent(rng, 10))
                config->max_monitors = (unsigned) rng_between(rng, 3, 30);
        if (rng_percent(rng, 20))
                config->max_spawned = (unsigned) rng_between(rng, 1, 20);
        if (rng_percent(rng, 20))
                config->max_names = (unsigned) rng_between(rng, 1, 2);
        if (rng_percent(rng, 50))
                world->socket_capacity = rng_between(rng, 2000, 60000);
}

static void choose_net(World *world) {
        Rng *rng = &world->sim.rng;
        uint64_t longest = rng_percent(rng, 50) ? 500 : rng_delay(rng, 150000);

        world->net.grained = rng_percent(rng, 50);
        world->net.narrow = rng_percent(rng, 40);
        world->net.tls_failures = rng_percent(rng, 30) ? 5 : 0;
        for (unsigned i = 1; i <= world->n_hosts; i++)
                for (unsigned j = 1; j <= world->n_hosts; j++)
                        world->net.latency[i][j] = 20 + rng_below(rng, longest + 1);
}

static World *choose_world(uint64_t seed, FILE *trace) {
        WorldConfig config = {.seed = seed, .trace = trace};
        unsigned kind;
        World *world;
        Rng rng;

        rng_init(&rng, ~seed);
        kind = (unsigned) rng_below(&rng, 10);
        config.n_hosts = wanted_hosts ?: (unsigned) rng_between(&rng, 6, 9);
        config.topology = kind < 7 ? TOPOLOGY_MESH : kind < 9 ? TOPOLOGY_HALF : TOPOLOGY_HUBS;

        world = world_new(&config);
        world_set_hubs(world, (unsigned) rng_between(&rng, 1, 2));
        choose_times(world);
        choose_limits(world);
        choose_net(world);
        for (unsigned i = 1; i <= world->n_hosts; i++)
                host_choose_links(&world->hosts[i], &world->sim.rng);
        return world;
}

/* Everybody says something to somebody: it has to arrive. */
static bool last_words(World *world) {
        unsigned before = world->n_progs;

        for (unsigned i = 0; i < before; i++) {
                Prog *prog = world->progs[i], *other = world->progs[rng_below(&world->sim.rng, before)];
                Talk *talk;

                if (prog->state != PROG_RUNNING || other->state != PROG_RUNNING)
                        continue;

                talk = talk_get(prog_port(prog), prog_port(other), NULL);
                talk_watch(talk);
                talk_burst(talk, 3, 1000, 100);
        }

        return world_run(world, 3 * USEC_PER_SEC);
}

static bool limited(const Talk *talk) {
        return strcmp(talk->why[0], "limit") == 0;
}

static bool nothing_lost(World *world, unsigned from) {
        for (unsigned i = from; i < world->n_talks; i++) {
                const Talk *talk = world->talks[i];

                if (!limited(talk) && (talk->state != TALK_ON || talk_round(talk)->delivered != 3))
                        oracle_fail(
                                world, "%s: talk %u: all is well, and it fails", talk->prog->name, talk->no);
        }

        return !world->failure[0];
}

static bool live(World *world) {
        uint64_t timeout = world->node_config.monitor_timeout;
        Rng *rng = &world->sim.rng;
        unsigned n_faults = (unsigned) rng_between(rng, 10, 14), talks;

        world_start(world, rng_percent(rng, 50) ? 0 : USEC_PER_SEC);
        if (!world_run(world, 3 * USEC_PER_SEC))
                return false;

        act_begin(world, MESSAGES);
        for (unsigned i = 0; i < n_faults || (!act_is_over(world) && i < FAULTS_MAX); i++) {
                if (!world_run(world, rng_below(rng, timeout / 2)))
                        return false;
                fault_any(world);
        }
        if (!world_run(world, rng_below(rng, timeout)))
                return false;

        act_end(world);
        world_heal(world);
        if (!world_run(world, timeout * 4 + 10 * USEC_PER_SEC))
                return false;

        oracle_end(world);
        talks = world->n_talks;
        if (world->config.topology != TOPOLOGY_HUBS || world->n_hubs == 1)
                (void) (last_words(world) && nothing_lost(world, talks));
        oracle_end(world);
        return !world->failure[0];
}

/* One in four: other programs, which spawn ports. */
static bool live_spawning(World *world) {
        world_start(world, 0);
        return world_run(world, 3 * USEC_PER_SEC) && actors_live(world, SPAWN_TURNS, /* faults= */ true);
}

static void sum_up(World *world, Sums *sums) {
        Sums *own = &world->sums;

        own->seeds = 1;
        own->nodes = world->n_hosts;
        own->progs = world->n_progs;
        own->ports = world->n_ports;
        own->lost = own->sent - own->delivered;
        own->secured = world->net.n_secured;
        sums_add(sums, own);
}

static bool run_seed(uint64_t seed, FILE *trace, Sums *sums, char failure[512]) {
        World *world = choose_world(seed, trace);
        bool ok = seed % 4 == 3 ? live_spawning(world) : live(world);

        snprintf(failure, 512, "%s", world->failure);
        sum_up(world, sums);
        actors_free(world);
        world_free(world);
        return ok;
}

/* --- many -------------------------------------------------------------------------------------------- */

static void show_trace(uint64_t seed) {
        _Alignas(8) char failure[512];
        char *text = NULL, *p;
        size_t len = 0;
        Sums sums = {0};
        FILE *trace = open_memstream(&text, &len);
        unsigned lines = 0;

        if (!trace)
                return;

        (void) run_seed(seed, trace, &sums, failure);
        fclose(trace);

        p = memmem(text, len, "NOT AS PROMISED", 15) ?: text + len;
        while (*p && *p != '\n')
                p++;
        *p = '\0';
        while (p > text && lines < TRACE_SHOWN)
                lines += *--p == '\n';
        printf("%s\n", p);
        free(text);
}

static bool run_seeds(uint64_t from, uint64_t to, bool verbose, bool quiet, uint64_t *ret_failed) {
        struct timespec start, end;
        char failure[512];
        Sums sums = {0};
        uint64_t seed;
        bool ok = true;
        double seconds;

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        for (seed = from; seed <= to && ok; seed++)
                ok = run_seed(seed, verbose ? stdout : NULL, &sums, failure);
        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        seconds = (double) (end.tv_sec - start.tv_sec) + (double) (end.tv_nsec - start.tv_nsec) / 1e9;

        if (!ok) {
                *ret_failed = seed - 1;
                if (quiet)
                        return false;
                if (!verbose)
                        show_trace(seed - 1);
                printf("seed %" PRIu64 ": %s\n", seed - 1, failure);
                printf("again, with all that happens: --seed=%" PRIu64 " --hosts=%u --verbose%s\n", seed - 1,
                        wanted_hosts, failed_plant());
        }
        if (!quiet) {
                sums_print(&sums);
                printf("# %.0f seeds a second of CPU time\n",
                        (double) sums.seeds / (seconds > 0 ? seconds : 1));
        }
        return ok;
}

/* --- planted bugs ------------------------------------------------------------------------------------ */

#ifdef PLANTED_BUGS

static const char *const plants[] = {PLANTED_BUG_NAMES};
static const char *failed_plant(void) {
        static char text[64];

        snprintf(text, sizeof(text), "%s%s", planted_bug ? " --plant=" : "", planted_bug ?: "");
        return text;
}

/* A bug may well crash: each is looked for in a process of its own. Returns the seed that found it, or 0. */
static uint64_t hunt(const char *name, uint64_t from, uint64_t to) {
        for (uint64_t seed = from; seed <= to; seed += 20) {
                uint64_t failed = 0;
                int status, channel[2];
                pid_t pid;

                if (pipe(channel) < 0)
                        abort();
                pid = fork();
                if (pid < 0)
                        abort();
                if (pid == 0) {
                        close(channel[0]);
                        planted_bug = name;
                        if (!run_seeds(seed, seed + 19 < to ? seed + 19 : to, false, true, &failed))
                                (void) !write(channel[1], &failed, sizeof(failed));
                        if (failed > 0)
                                exit(EXIT_FAILURE); /* counted by tests/coverage.sh */
                        _exit(EXIT_SUCCESS);
                }

                close(channel[1]);
                (void) !read(channel[0], &failed, sizeof(failed));
                close(channel[0]);
                (void) waitpid(pid, &status, 0);
                if (failed > 0)
                        return failed;
                if (status != 0)
                        return seed; /* or one of those behind it */
        }

        return 0;
}

static int hunt_all(uint64_t from, uint64_t to) {
        int missed = 0;

        printf("1..%zu\n", sizeof(plants) / sizeof(plants[0]));
        fflush(stdout);
        for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
                uint64_t seed = hunt(plants[i], from, to);

                printf("%s %zu - %s", seed > 0 ? "ok" : "not ok", i + 1, plants[i]);
                if (seed > 0)
                        printf(" # found in seed %" PRIu64 "\n", seed);
                else
                        printf(" # not found in seeds %" PRIu64 " to %" PRIu64 "\n", from, to);
                fflush(stdout);
                missed += seed == 0;
        }

        return missed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool plant(const char *name) {
        for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++)
                if (strcmp(plants[i], name) == 0) {
                        planted_bug = plants[i];
                        return true;
                }

        return false;
}

#else

static const char *failed_plant(void) {
        return "";
}

static int hunt_all(uint64_t from, uint64_t to) {
        fprintf(stderr, "This one has no planted bugs, world-planted has\n");
        return EXIT_FAILURE;
}

static bool plant(const char *name) {
        return false;
}

#endif

/* --- main -------------------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
        static const struct option options[] = {
                {"seed", required_argument, NULL, 's'},
                {"seeds", required_argument, NULL, 'S'},
                {"hosts", required_argument, NULL, 'n'},
                {"verbose", no_argument, NULL, 'v'},
                {"plant", required_argument, NULL, 'p'},
                {"hunt", no_argument, NULL, 'h'},
                {0},
        };
        uint64_t from = 1, to = 100, failed;
        bool verbose = false, hunting = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 's':
                        from = to = strtoull(optarg, NULL, 10);
                        break;
                case 'S':
                        if (sscanf(optarg, "%" SCNu64 "..%" SCNu64, &from, &to) != 2)
                                from = to + 1;
                        break;
                case 'n':
                        wanted_hosts = (unsigned) strtoul(optarg, NULL, 10);
                        break;
                case 'v':
                        verbose = true;
                        break;
                case 'h':
                        hunting = true;
                        break;
                case 'p':
                        if (plant(optarg))
                                break;
                        fprintf(stderr, "No such planted bug: %s\n", optarg);
                        return EXIT_FAILURE;
                default:
                        return EXIT_FAILURE;
                }

        if (optind < argc || from > to || wanted_hosts == 1 || wanted_hosts >= NET_HOSTS_MAX) {
                fprintf(stderr,
                        "Usage: %s [--seeds=A..B | --seed=N] [--hosts=N] [--verbose] [--plant=NAME | "
                        "--hunt]\n",
                        argv[0]);
                return EXIT_FAILURE;
        }

        if (hunting)
                return hunt_all(from, to);

        setvbuf(stdout, NULL, verbose ? _IOFBF : _IOLBF, 1 << 16);
        return run_seeds(from, to, verbose, /* quiet= */ false, &failed) ? EXIT_SUCCESS : EXIT_FAILURE;
}
