/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tables
 *
 * Filled cell by cell, row by row; a builder: it remembers its first error for table_print().
 */

#include <stddef.h>

typedef struct Table {
        const char *const *columns;
        size_t n_columns;
        char **cells;
        size_t n_cells;
        int error;
} Table;

/* The headings, NULL-terminated and not copied; those that start with '>' stand to the right. */
void table_init(Table *table, const char *const *columns);
void table_deinit(Table *table);

/* NULL and "" are shown as "-". */
void table_add(Table *table, const char *text);
void table_add_format(Table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* To stdout. A negative errno if anything before it failed. */
int table_print(const Table *table);
