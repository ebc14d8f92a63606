/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * status
 *
 * One look has to answer "is it well?". So what is wrong stands last, next to the prompt, each thing in a
 * line of its own, and when nothing is, that is said too.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/expiry.h"
#include "ctl/human.h"
#include "ctl/output.h"
#include "ctl/question.h"
#include "ctl/verbs.h"

#define REFUSED_LATELY 300 /* seconds */
#define SHOWN_MAX 10       /* of names, and of functions */

static bool use_colour(void) {
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) > 0 && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

static const char *paint(const char *sgr) {
        return use_colour() ? sgr : "";
}

#define RED paint("\033[1;31m")
#define GREEN paint("\033[1;32m")
#define PLAIN paint("\033[0m")

/* "    Listens: ": what follows is one line */
static void put_label(const char *label) {
        (void) printf("%11s: ", label);
}

static void put_text(const char *text) {
        char *copy = strdup(text ?: "?");

        if (copy)
                human_printable(copy);
        (void) fputs(copy ?: "?", stdout);
        free(copy);
}

static json_int_t get_number(const json_t *map, const char *key) {
        return json_integer_value(json_object_get(map, key));
}

static const char *get_string(const json_t *map, const char *key) {
        return json_string_value(json_object_get(map, key));
}

/* --- how it does ------------------------------------------------------------------------------------- */

static void put_binds(const json_t *binds) {
        put_label("Listens");
        if (json_array_size(binds) == 0)
                (void) printf("nowhere, other nodes can't connect to it");
        for (size_t i = 0; i < json_array_size(binds); i++) {
                (void) fputs(i > 0 ? ", " : "", stdout);
                put_text(json_string_value(json_array_get(binds, i)));
        }
        (void) putchar('\n');
}

static void put_seeds(const json_t *seeds) {
        size_t n = 0;

        for (size_t i = 0; i < json_array_size(seeds); i++)
                n += json_is_true(json_object_get(json_array_get(seeds, i), "connected"));

        put_label("Seeds");
        if (json_array_size(seeds) == 0)
                (void) printf("none\n");
        else
                (void) printf("%zu of %zu connected\n", n, json_array_size(seeds));
}

/* What shall not be many: the name of each counter, where it is not 0. */
static void put_losses(const json_t *counters) {
        static const struct {
                const char *key, *text;
        } losses[] = {
                {"no_such_port", "for no such port"},
                {"dropped_down", "for a node that was down"},
                {"dropped_queued", "lost with a connection"},
                {"refused", "refused"},
                {"unknown_requests", "unknown requests"},
                {"auth_failed", "failed authentications"},
                {"handshakes_failed", "failed handshakes in all"},
                {"turned_away", "connections turned away"},
                {"protocol_errors", "protocol errors"},
        };
        bool any = false;

        for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
                json_int_t n = get_number(counters, losses[i].key);

                if (n == 0)
                        continue;
                if (!any)
                        put_label("Losses");
                (void) printf("%s%" JSON_INTEGER_FORMAT " %s", any ? ", " : "", n, losses[i].text);
                any = true;
        }

        if (any)
                (void) putchar('\n');
}

static void put_traffic(const json_t *counters) {
        put_label("Messages");
        (void) printf("%" JSON_INTEGER_FORMAT " from clients, %" JSON_INTEGER_FORMAT
                      " to clients, %" JSON_INTEGER_FORMAT " from nodes, %" JSON_INTEGER_FORMAT
                      " to nodes\n",
                get_number(counters, "from_clients"), get_number(counters, "to_clients"),
                get_number(counters, "from_peers"), get_number(counters, "to_peers"));
}

/* "-" when aempd is too old to say. */
static void put_certificate(const json_t *certificate) {
        Expiry expiry = expiry_of(certificate);

        put_label("Certificate");
        (void) puts(expiry.is_known ? expiry_text(&expiry).text : json_is_null(certificate) ? "none" : "-");
}

static int compare_keys(const void *a, const void *b) {
        const char *const *x = a, *const *y = b;

        return strcmp(*x, *y);
}

/* The keys of a map, sorted: borrowed, NULL-terminated. */
static const char **keys_sorted(json_t *map) {
        const char **keys = calloc(json_object_size(map) + 1, sizeof(*keys)), *key;
        json_t *value;
        size_t n = 0;

        if (!keys)
                return NULL;

        json_object_foreach(map, key, value) keys[n++] = key;
        qsort(keys, n, sizeof(*keys), compare_keys);
        return keys;
}

/* The keys; and values, which are program names, when they are wanted. "-" when aempd is too old to say. */
static void put_map(const char *label, json_t *map, bool with_values) {
        const char **keys = json_is_object(map) ? keys_sorted(map) : NULL;
        size_t n = json_object_size(map);

        put_label(label);
        if (n == 0 || !keys)
                (void) fputs(json_is_object(map) ? "none" : "-", stdout);

        for (size_t i = 0; keys && keys[i] && i < SHOWN_MAX; i++) {
                (void) fputs(i > 0 ? ", " : "", stdout);
                put_text(keys[i]);
                if (with_values) {
                        (void) fputs(" (", stdout);
                        put_text(get_string(map, keys[i]));
                        (void) putchar(')');
                }
        }

        if (n > SHOWN_MAX)
                (void) printf(", and %zu more", n - SHOWN_MAX);
        (void) putchar('\n');
        free(keys);
}

static void put_status(const json_t *status) {
        json_int_t half_open = get_number(status, "half_open");

        put_text(get_string(status, "node"));
        (void) fputs(": aempd ", stdout);
        put_text(get_string(status, "aempd"));
        (void) printf(", pid %" JSON_INTEGER_FORMAT ", up %s\n", get_number(status, "pid"),
                human_span(json_number_value(json_object_get(status, "uptime"))).text);

        put_binds(json_object_get(status, "binds"));
        put_certificate(json_object_get(status, "certificate"));
        put_seeds(json_object_get(status, "seeds"));
        put_label("Nodes");
        (void) printf("%" JSON_INTEGER_FORMAT " up", get_number(status, "nodes"));
        if (half_open > 0)
                (void) printf(", %" JSON_INTEGER_FORMAT " in their handshake", half_open);
        (void) putchar('\n');
        put_label("Clients");
        (void) printf("%" JSON_INTEGER_FORMAT "\n", get_number(status, "clients"));
        put_map("Names", json_object_get(status, "names"), /* with_values= */ false);
        put_map("Functions", json_object_get(status, "functions"), /* with_values= */ true);
        put_traffic(json_object_get(status, "counters"));
        put_losses(json_object_get(status, "counters"));
}

/* --- what is wrong ----------------------------------------------------------------------------------- */

/* The beginning of a line. */
static void put_problem(size_t *n) {
        if ((*n)++ == 0)
                (void) putchar('\n');
        (void) printf("%s!%s ", RED, PLAIN);
}

/* Whether there is one that nothing is known of. */
static bool put_seed_problem(const json_t *seed, size_t *n) {
        const char *node = get_string(seed, "node"), *reason = get_string(seed, "reason");

        if (json_is_true(json_object_get(seed, "connected")))
                return false;

        put_problem(n);
        (void) fputs("seed ", stdout);
        put_text(get_string(seed, "address"));
        if (node) {
                (void) fputs(" (node ", stdout);
                put_text(node);
                (void) putchar(')');
        }
        (void) fputs(" is not connected", stdout);
        if (reason) {
                (void) fputs(": ", stdout);
                put_text(reason);
        }
        (void) putchar('\n');
        return !reason;
}

/* Lately: who was refused long ago may have been put right since. */
static void put_refusal_problem(const json_t *refusal, size_t *n) {
        double last = json_number_value(json_object_get(refusal, "last"));
        const char *node = get_string(refusal, "node");

        if ((double) time(NULL) - last > REFUSED_LATELY)
                return;

        put_problem(n);
        if (node) {
                (void) fputs("node ", stdout);
                put_text(node);
                (void) fputs(" at ", stdout);
        }
        put_text(get_string(refusal, "address"));
        (void) printf(" was refused, %s: ", human_ago(last).text);
        put_text(get_string(refusal, "reason"));
        (void) putchar('\n');
}

static void put_expiry_problem(const json_t *certificate, const char *node, size_t *n) {
        Expiry expiry = expiry_of(certificate);

        if (!expiry.is_near)
                return;

        put_problem(n);
        if (node) {
                (void) fputs("node ", stdout);
                put_text(node);
                (void) fputs(": ", stdout);
        }
        (void) printf("certificate %s\n", expiry_text(&expiry).text);
}

static void put_node_problem(const json_t *node, size_t *n) {
        const json_t *reason = json_object_get(node, "reason");
        const char *state = get_string(node, "state");
        char *text;

        if (state && strcmp(state, "up") == 0) {
                put_expiry_problem(json_object_get(node, "certificate"), get_string(node, "node") ?: "?", n);
                return;
        }

        put_problem(n);
        (void) fputs("node ", stdout);
        put_text(get_string(node, "node"));
        (void) printf(" has been %s for %s", state && strcmp(state, "down") == 0 ? "down" : "connecting",
                human_age(json_number_value(json_object_get(node, "since"))).text);

        text = json_is_array(reason) ? human_reason(reason) : NULL;
        if (text) {
                (void) fputs(": ", stdout);
                put_text(text);
                free(text);
        }
        (void) putchar('\n');
}

static void put_problems(const json_t *status, const json_t *nodes) {
        const json_t *seeds = json_object_get(status, "seeds"),
                     *refused = json_object_get(status, "refused");
        bool seed_away = false;
        size_t n = 0;

        put_expiry_problem(json_object_get(status, "certificate"), /* node= */ NULL, &n);
        for (size_t i = 0; i < json_array_size(seeds); i++)
                seed_away |= put_seed_problem(json_array_get(seeds, i), &n);
        for (size_t i = 0; i < json_array_size(nodes); i++)
                put_node_problem(json_array_get(nodes, i), &n);
        for (size_t i = 0; i < json_array_size(refused); i++)
                put_refusal_problem(json_array_get(refused, i), &n);

        if (n == 0)
                (void) printf("%sAll is well.%s\n", GREEN, PLAIN);
        else if (seed_away)
                (void) puts(
                        "Why a seed can't be reached is in the logs, here and there: journalctl -u aempd");
}

/* --- the verb ---------------------------------------------------------------------------------------- */

static int show_status(const Options *options, json_t *status) {
        json_t *nodes;
        int r;

        if (options->json)
                return output_json(status) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        r = question_ask(options, "aempd::nodes", &nodes);
        if (r != EXIT_SUCCESS)
                return r;

        put_status(status);
        put_problems(status, nodes);
        json_decref(nodes);
        return EXIT_SUCCESS;
}

int verb_status(const Options *options, char **args) {
        json_t *status;
        int r;

        r = question_ask(options, "aempd::status", &status);
        if (r != EXIT_SUCCESS)
                return r;

        r = show_status(options, status);
        json_decref(status);
        return r;
}
