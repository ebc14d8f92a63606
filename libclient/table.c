/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Things by number
 *
 * At most three quarters full, at least an eighth unless small. Removing moves what follows back, so there
 * are no tombstones and a lookup ends at the first empty slot.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/table.h"

#define BITS_MIN 4U

static size_t table_size(const Table *table) {
        return table->slots ? (size_t) 1 << table->bits : 0;
}

static uint64_t table_number(const Table *table, const void *thing) {
        uint64_t number;

        memcpy(&number, (const char *) thing + table->offset, sizeof(number));
        return number;
}

/* Fibonacci hashing: ports are numbered in sequence, which must not become one long run. */
static size_t table_home(const Table *table, uint64_t number) {
        return (size_t) ((number * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - table->bits));
}

static void table_place(Table *table, void *thing) {
        size_t mask = table_size(table) - 1, i = table_home(table, table_number(table, thing));

        while (table->slots[i])
                i = (i + 1) & mask;
        table->slots[i] = thing;
}

static int table_resize(Table *table, unsigned bits) {
        Table old = *table;
        void **slots, *thing;
        size_t i = 0;

        slots = calloc((size_t) 1 << bits, sizeof(*slots));
        if (!slots)
                return -ENOMEM;

        table->slots = slots;
        table->bits = bits;
        while ((thing = table_next(&old, &i)))
                table_place(table, thing);
        free(old.slots);

        return 0;
}

void table_deinit(Table *table) {
        free(table->slots);
        *table = (Table){.offset = table->offset};
}

int table_add(Table *table, void *thing) {
        int r;

        if (!table->slots || (table->n + 1) * 4 > table_size(table) * 3) {
                r = table_resize(table, table->slots ? table->bits + 1 : BITS_MIN);
                if (r < 0)
                        return r;
        }

        table_place(table, thing);
        table->n++;
        return 0;
}

/* Closes the hole at `hole`: whoever follows in the same run and is not at home may move there, if its home
 * is not between the hole and where it is. */
static void table_close(Table *table, size_t hole) {
        size_t mask = table_size(table) - 1;

        for (size_t i = (hole + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
                size_t home = table_home(table, table_number(table, table->slots[i]));

                if (((i - home) & mask) >= ((i - hole) & mask)) {
                        table->slots[hole] = table->slots[i];
                        hole = i;
                }
        }
        table->slots[hole] = NULL;
}

void table_remove(Table *table, void *thing) {
        size_t mask = table_size(table) - 1, i;

        if (!table->slots)
                return;

        for (i = table_home(table, table_number(table, thing)); table->slots[i] != thing; i = (i + 1) & mask)
                if (!table->slots[i])
                        return;

        table_close(table, i);
        table->n--;

        if (table->bits > BITS_MIN && table->n * 8 < table_size(table))
                (void) table_resize(table, table->bits - 1); /* without memory it stays large */
}

void *table_find(const Table *table, uint64_t number, bool (*is)(const void *thing, const void *arg),
        const void *arg) {
        size_t mask = table_size(table) - 1;

        if (!table->slots)
                return NULL;

        for (size_t i = table_home(table, number); table->slots[i]; i = (i + 1) & mask) {
                void *thing = table->slots[i];

                if (table_number(table, thing) == number && (!is || is(thing, arg)))
                        return thing;
        }
        return NULL;
}

void *table_next(const Table *table, size_t *i) {
        while (*i < table_size(table)) {
                void *thing = table->slots[(*i)++];

                if (thing)
                        return thing;
        }
        return NULL;
}
