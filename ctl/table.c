/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tables
 *
 * A column is as wide as its widest cell, two spaces apart from the next. Width is the number of characters,
 * which is right for all but the wide ones of East Asia.
 */

#include "ctl/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/human.h"

void table_init(Table *table, const char *const *columns) {
        *table = (Table){.columns = columns};
        while (columns[table->n_columns])
                table->n_columns++;
}

void table_deinit(Table *table) {
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
}

static void table_take(Table *table, char *text) {
        char **cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*cells));

        if (!cells || !text) {
                free(text);
                table->cells = cells ?: table->cells;
                table->error = -ENOMEM;
                return;
        }

        human_printable(text);
        table->cells = cells;
        table->cells[table->n_cells++] = text;
}

void table_add(Table *table, const char *text) {
        table_take(table, strdup(text && *text ? text : "-"));
}

void table_add_format(Table *table, const char *format, ...) {
        char *text;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        table_take(table, text);
}

static int text_width(const char *text) {
        int n = 0;

        for (; *text; text++)
                n += ((unsigned char) *text & 0xc0) != 0x80;
        return n;
}

static bool column_is_right(const Table *table, size_t column) {
        return table->columns[column][0] == '>';
}

static const char *column_name(const Table *table, size_t column) {
        return table->columns[column] + column_is_right(table, column);
}

static int column_width(const Table *table, size_t column) {
        int width = text_width(column_name(table, column));

        for (size_t i = column; i < table->n_cells; i += table->n_columns) {
                int w = text_width(table->cells[i]);

                width = w > width ? w : width;
        }

        return width;
}

/* No spaces at the end of a line. */
static void print_cell(const Table *table, size_t column, int width, const char *text) {
        int pad = width - text_width(text);
        bool last = column + 1 == table->n_columns;

        if (column_is_right(table, column))
                (void) printf("%*s%s%s", pad, "", text, last ? "\n" : "  ");
        else if (last)
                (void) printf("%s\n", text);
        else
                (void) printf("%s%*s", text, pad + 2, "");
}

int table_print(const Table *table) {
        int *widths;

        if (table->error < 0)
                return table->error;
        assert(table->n_cells % table->n_columns == 0);

        widths = calloc(table->n_columns, sizeof(*widths));
        if (!widths)
                return -ENOMEM;

        for (size_t i = 0; i < table->n_columns; i++)
                widths[i] = column_width(table, i);
        for (size_t i = 0; i < table->n_columns; i++)
                print_cell(table, i, widths[i], column_name(table, i));
        for (size_t i = 0; i < table->n_cells; i++)
                print_cell(table, i % table->n_columns, widths[i % table->n_columns], table->cells[i]);

        free(widths);
        return 0;
}
