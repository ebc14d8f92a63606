/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Things by number
 *
 * Open addressing with linear probing: a pointer an entry, nothing else, since a process may have a million
 * ports. The number is read from the thing itself. Where it is a string's hash, several things may have the
 * same one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Table {
        void **slots;
        size_t n;
        unsigned bits;   /* there are 1 << bits slots, or none */
        unsigned offset; /* where a thing has its uint64_t number */
} Table;

#define TABLE_INIT(type, member) ((Table){.offset = offsetof(type, member)})

/* Things are not freed. */
void table_deinit(Table *table);

/* 0 or -ENOMEM. */
int table_add(Table *table, void *thing);
void table_remove(Table *table, void *thing);

/* The first with this number for which `is` says true (NULL: any), or NULL. */
void *table_find(const Table *table, uint64_t number, bool (*is)(const void *thing, const void *arg),
        const void *arg);

/* For walks: the thing at *i or behind it, with *i right after it; NULL at the end. The table must not
 * change meanwhile; to take all out, walk a copy and start a new one. */
void *table_next(const Table *table, size_t *i);
