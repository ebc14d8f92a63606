/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Verbs
 */

#include "ctl/verbs.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/complain.h"
#include "ctl/exit-status.h"

#define ELEMENTS_OF(array) (sizeof(array) / sizeof(*(array)))

#define HELP_ARG \
        "An argument that starts with '[', '{' or '\"' is JSON, any other is a string; a first one that " \
        "starts\n" \
        "with '[' is the whole message. Arguments that start with '-' want a '--' before them.\n"

static const Verb verbs[] = {
        {
                .name = "status",
                .args = "",
                .summary = "show this host's aempd, and what is wrong with it",
                .help = "",
                .run = verb_status,
        },
        {
                .name = "nodes",
                .args = "",
                .summary = "list the nodes that it knows",
                .help = "LINK is in when that node connected to us. TLS has a '!' and what is left when its "
                        "certificate\n"
                        "expires within 30 days. Of AUTH and FRAMING the part behind a '/' is ours, where "
                        "that differs.\n"
                        "MONITORS are ours on ports of that node, WATCHING its on ours. QUEUED waits to be "
                        "sent.\n",
                .run = verb_nodes,
        },
        {
                .name = "clients",
                .args = "",
                .summary = "list the processes that are attached to it",
                .help = "A process's ports are those whose names start with PREFIX. MONITORS are its own, "
                        "WATCHED are its\n"
                        "ports that somebody monitors, SPAWNED those that others have made in it. NAMES and "
                        "FUNCTIONS it\n"
                        "registered. QUEUED is what it has not read yet.\n",
                .run = verb_clients,
        },
        {
                .name = "snd",
                .args = "PORT [ARG]...",
                .summary = "send a message",
                .help = HELP_ARG "\n"
                                 "Ends when the node of PORT has got the message; with 4 when that can't be "
                                 "reached, or the port is\n"
                                 "known not to exist.\n",
                .n_min = 1,
                .n_max = SIZE_MAX,
                .run = verb_snd,
        },
        {
                .name = "cal",
                .args = "PORT [ARG]...",
                .summary = "send a message with a reply port at its end, print the reply",
                .help = HELP_ARG
                "\n"
                "The reply is printed as a JSON array. Waits for it 5 s, unless there is a --timeout.\n",
                .n_min = 1,
                .n_max = SIZE_MAX,
                .run = verb_cal,
        },
        {
                .name = "mon",
                .args = "PORT|NODE",
                .summary = "wait until a port or a node dies, print the reason",
                .help = "The reason is printed as a JSON array; [] is a normal end. Waits for ever, unless "
                        "there is a\n"
                        "--timeout.\n",
                .n_min = 1,
                .n_max = 1,
                .run = verb_mon,
        },
        {
                .name = "kil",
                .args = "PORT [REASON]...",
                .summary = "kill a port",
                .help = HELP_ARG
                "\n"
                "Without a REASON it ends normally. To kill a port that does not exist is no error.\n",
                .n_min = 1,
                .n_max = SIZE_MAX,
                .run = verb_kil,
        },
        {
                .name = "rcv",
                .args = "",
                .options = "[-n N] [--name=NAME]",
                .summary = "make a port, print its ID, then each message that arrives",
                .help = "A message is a line, a JSON array. Ends after N messages (-n N, --count=N), when "
                        "it is killed, and\n"
                        "when nobody reads its output any more. With --name=NAME it is registered under "
                        "that "
                        "one first:\n"
                        "'aempctl cal NODE wkp NAME' finds it.\n",
                .takes = OPTION_COUNT | OPTION_NAME,
                .run = verb_rcv,
        },
        {
                .name = "spawn",
                .args = "NODE FUNCTION [ARG]...",
                .options = "[--wait]",
                .summary = "run a function on a node, print the ID of its port",
                .help = HELP_ARG
                "\n"
                "Ends when the node has got it; with 4 when nobody has the function there, or the node "
                "can't "
                "be reached.\n"
                "With --wait when the port dies: prints the reason as mon does, and ends with 0 if it was a "
                "normal end, else\n"
                "with 1.\n",
                .n_min = 2,
                .n_max = SIZE_MAX,
                .takes = OPTION_WAIT,
                .run = verb_spawn,
        },
        {
                .name = "gensecret",
                .args = "",
                .summary = "print a new random secret",
                .help = "Put it into a file for secret_file, the same on all nodes. Needs no aempd.\n",
                .run = verb_gensecret,
        },
        {
                .name = "gencert",
                .args = "",
                .options = "[--output=FILE] [--name=NAME] [--days=N] [--ca=FILE]",
                .summary = "make a key and a certificate for TLS",
                .help = "Prints a new private key and its certificate, for cert; or writes them to a file. "
                        "Without --ca the\n"
                        "certificate is signed by its own key and can stand for itself and others: put "
                        "the same file on\n"
                        "all nodes. Needs no aempd.\n"
                        "\n"
                        "      --output=FILE       write to that file, which must not exist yet; mode 0600\n"
                        "      --name=NAME         whose certificate it is; this host's name\n"
                        "      --days=N            how long it is valid; 3650\n"
                        "      --ca=FILE           sign it with the key in that file, which has its "
                        "certificate too\n",
                .takes = OPTION_OUTPUT | OPTION_NAME | OPTION_DAYS | OPTION_CA,
                .run = verb_gencert,
        },
};

/* --- finding one ------------------------------------------------------------------------------------- */

#define LIKE_MAX 16

static size_t min(size_t a, size_t b) {
        return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours between two names. */
static size_t distance(const char *a, const char *b) {
        size_t d[LIKE_MAX + 1][LIKE_MAX + 1], n = strlen(a), m = strlen(b);

        for (size_t i = 0; i <= n; i++)
                for (size_t j = 0; j <= m; j++) {
                        if (i == 0 || j == 0) {
                                d[i][j] = i + j;
                                continue;
                        }

                        d[i][j] = min(
                                min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1);
                }

        return d[n][m];
}

static const Verb *verb_like(const char *name) {
        const Verb *best = NULL;
        size_t least = 3;

        if (strlen(name) > LIKE_MAX)
                return NULL;

        for (size_t i = 0; i < ELEMENTS_OF(verbs); i++) {
                /* of what was only begun, the rest is not missed */
                size_t d = *name && strncmp(verbs[i].name, name, strlen(name)) == 0
                        ? 1
                        : distance(name, verbs[i].name);

                if (d < least && d < strlen(verbs[i].name)) {
                        best = &verbs[i];
                        least = d;
                }
        }

        return best;
}

const Verb *verb_find(const char *name) {
        const Verb *like;

        for (size_t i = 0; i < ELEMENTS_OF(verbs); i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];

        like = verb_like(name);
        if (like)
                complain("unknown verb '%s', did you mean '%s'?", name, like->name);
        else
                complain("unknown verb '%s'", name);
        complain_hint("See 'aempctl --help'.");
        return NULL;
}

/* --- doing it ---------------------------------------------------------------------------------------- */

static void verb_usage(const Verb *verb, FILE *to) {
        (void) fprintf(to, "Usage: aempctl [OPTION]... %s%s%s%s%s\n", verb->name, verb->options ? " " : "",
                verb->options ?: "", *verb->args ? " " : "", verb->args);
}

/* The i-th word of its arguments, up to the next space. */
static const char *verb_argument(const Verb *verb, size_t i) {
        const char *word = verb->args;

        for (; i > 0; i--)
                word += strcspn(word, " ") + 1;
        return word;
}

int verb_run(const Verb *verb, const Options *options, char **args) {
        unsigned wrong = options->given & ~verb->takes;
        size_t n = 0;

        while (args[n])
                n++;

        if (n < verb->n_min)
                complain("%s: %.*s is missing", verb->name, (int) strcspn(verb_argument(verb, n), " "),
                        verb_argument(verb, n));
        else if (n > verb->n_max)
                complain("%s: unexpected argument '%s'", verb->name, args[verb->n_max]);
        else if (wrong)
                complain("%s: has no option %s", verb->name, option_text(wrong));
        else
                return verb->run(options, args);

        verb_usage(verb, stderr);
        return EXIT_USAGE;
}

/* --- help -------------------------------------------------------------------------------------------- */

void verb_help(const Verb *verb) {
        verb_usage(verb, stdout);
        (void) printf("%c%s.\n", verb->summary[0] - 'a' + 'A', verb->summary + 1);
        if (*verb->help)
                (void) printf("\n%s", verb->help);
        (void) printf("\nSee 'aempctl --help' for the options, and aempctl(1).\n");
}

void verbs_help(void) {
        (void) printf("Usage: aempctl [OPTION]... VERB [ARGUMENT]...\n"
                      "Show and use this host's aempd, a node of an AEMP network.\n"
                      "\n");

        for (size_t i = 0; i < ELEMENTS_OF(verbs); i++) {
                int width = printf("  %s %s", verbs[i].name, verbs[i].args);

                (void) printf("%*s%s\n", width < 26 ? 26 - width : 1, "", verbs[i].summary);
        }

        (void) printf("  help [VERB]             explain a verb\n"
                      "\n"
                      "  -a, --address=ADDRESS   where aempd is: unix:path=/some/socket\n"
                      "  -t, --timeout=SECONDS   wait that long for an answer, or 'infinity'\n"
                      "  -j, --json              of status, nodes, clients: print JSON\n"
                      "  -n, --count=N           of rcv: end after N messages\n"
                      "      --name=NAME         of rcv: register it; of gencert: whose it is\n"
                      "      --wait              of spawn: wait until the port dies\n"
                      "      --output=FILE       of gencert: write to a new file\n"
                      "      --days=N            of gencert: valid that long\n"
                      "      --ca=FILE           of gencert: sign with that one\n"
                      "  -h, --help              print this, or explain a verb\n"
                      "      --version           print the version\n"
                      "\n"
                      "See aempctl(1).\n");
}
