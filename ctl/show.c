/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * nodes, clients: lists of what aempd knows
 */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"
#include "ctl/errand.h"
#include "ctl/exit-status.h"
#include "ctl/expiry.h"
#include "ctl/human.h"
#include "ctl/output.h"
#include "ctl/question.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

typedef void (*RowFn)(Table *table, const json_t *row);

static const char *get_string(const json_t *row, const char *key) {
        return json_string_value(json_object_get(row, key));
}

/* "-" when aempd is too old to say. */
static void add_number(Table *table, const json_t *row, const char *key) {
        const json_t *number = json_object_get(row, key);

        if (number)
                table_add_format(table, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
        else
                table_add(table, NULL);
}

static void add_size(Table *table, const json_t *row, const char *key) {
        table_add(table, human_size((uint64_t) json_integer_value(json_object_get(row, key))).text);
}

static void add_ago(Table *table, const json_t *row, const char *key) {
        table_add(table, human_ago(json_number_value(json_object_get(row, key))).text);
}

/* --- nodes ------------------------------------------------------------------------------------------- */

static const char *const node_columns[] = {"NODE", "STATE", "SINCE", "ADDRESS", "LINK", "TLS", "AUTH",
        "FRAMING", ">MONITORS", ">WATCHING", ">QUEUED", ">RECEIVED", ">SENT", "REASON", NULL};

static void add_reason(Table *table, const json_t *reason) {
        char *text = json_is_array(reason) ? human_reason(reason) : NULL;

        table_add(table, text);
        free(text);
}

/* The version, and what is left to a certificate that ends soon. */
static void add_tls(Table *table, const json_t *row) {
        const char *tls = get_string(row, "tls");
        Expiry expiry = expiry_of(json_object_get(row, "certificate"));

        if (tls && expiry.is_near)
                table_add_format(table, "%s !%s", tls, expiry_short(&expiry).text);
        else
                table_add(table, tls);
}

/* What it does, and what we do where that is something else. */
static void add_both(Table *table, const json_t *row, const char *its_key, const char *our_key) {
        const char *its = get_string(row, its_key), *ours = get_string(row, our_key);

        if (its && ours && strcmp(its, ours) != 0)
                table_add_format(table, "%s/%s", its, ours);
        else
                table_add(table, its ?: ours);
}

static void add_node(Table *table, const json_t *row) {
        const char *state = get_string(row, "state");
        bool up = state && strcmp(state, "up") == 0;

        table_add(table, get_string(row, "node"));
        table_add(table, state);
        add_ago(table, row, "since");
        table_add(table, get_string(row, "address"));
        table_add(table, !up ? "" : json_is_true(json_object_get(row, "incoming")) ? "in" : "out");
        add_tls(table, row);
        add_both(table, row, "auth", "auth_sent");
        add_both(table, row, "framing", "framing_sent");
        add_number(table, row, "monitors");
        add_number(table, row, "watching");
        add_size(table, row, "queued");
        add_number(table, row, "received");
        add_number(table, row, "sent");
        add_reason(table, json_object_get(row, "reason"));
}

/* --- clients ----------------------------------------------------------------------------------------- */

static const char *const client_columns[] = {">CLIENT", "PROGRAM", ">PID", "USER", "SINCE", "PREFIX",
        ">MONITORS", ">WATCHED", ">SPAWNED", ">NAMES", ">FUNCTIONS", ">QUEUED", ">RECEIVED", ">SENT", NULL};

static void add_client(Table *table, const json_t *row) {
        add_number(table, row, "client");
        table_add(table, get_string(row, "program"));
        add_number(table, row, "pid");
        table_add(table, human_user((uint64_t) json_integer_value(json_object_get(row, "uid"))).text);
        add_ago(table, row, "since");
        table_add(table, get_string(row, "prefix"));
        add_number(table, row, "monitors");
        add_number(table, row, "watched");
        add_number(table, row, "spawned");
        add_number(table, row, "names");
        add_number(table, row, "functions");
        add_size(table, row, "queued");
        add_number(table, row, "received");
        add_number(table, row, "sent");
}

/* --- a list ------------------------------------------------------------------------------------------ */

static int compare_nodes(const void *a, const void *b) {
        const json_t *const *x = a, *const *y = b;

        return strcmp(get_string(*x, "node") ?: "", get_string(*y, "node") ?: "");
}

static int compare_clients(const void *a, const void *b) {
        const json_t *const *x = a, *const *y = b;
        json_int_t i = json_integer_value(json_object_get(*x, "client"));
        json_int_t j = json_integer_value(json_object_get(*y, "client"));

        return i < j ? -1 : i > j;
}

/* Its rows, sorted: borrowed pointers. */
static const json_t **rows_sorted(const json_t *list, int (*compare)(const void *, const void *)) {
        size_t n = json_array_size(list);
        const json_t **rows = calloc(n + 1, sizeof(*rows));

        if (!rows)
                return NULL;

        for (size_t i = 0; i < n; i++)
                rows[i] = json_array_get(list, i);
        qsort(rows, n, sizeof(*rows), compare);
        return rows;
}

typedef struct List {
        const char *operation;
        const char *const *columns;
        RowFn add;
        int (*compare)(const void *, const void *);
} List;

static int print_table(const json_t *answer, const List *list) {
        const json_t **rows = rows_sorted(answer, list->compare);
        Table table;
        int r;

        table_init(&table, list->columns);
        for (size_t i = 0; rows && rows[i]; i++)
                list->add(&table, rows[i]);
        r = rows ? table_print(&table) : -ENOMEM;
        if (r < 0)
                complain("%s", strerror(-r));

        table_deinit(&table);
        free(rows);
        return r;
}

static int show(const Options *options, const List *list) {
        json_t *rows;
        int r;

        r = question_ask(options, list->operation, &rows);
        if (r != EXIT_SUCCESS)
                return r;

        r = options->json ? output_json(rows) : print_table(rows, list);
        json_decref(rows);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int verb_nodes(const Options *options, char **args) {
        static const List list = {"aempd::nodes", node_columns, add_node, compare_nodes};

        return show(options, &list);
}

int verb_clients(const Options *options, char **args) {
        static const List list = {"aempd::clients", client_columns, add_client, compare_clients};

        return show(options, &list);
}
