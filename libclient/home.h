/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where this process lives
 *
 * What aempd said in its greeting: node, prefix; and which IDs are our own by it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/str.h"

typedef struct Home {
        char *base; /* "node#prefix" */
        size_t base_len;
        char *node;
        size_t node_len;
        size_t max_message;
} Home;

/* At most 255 octets of prefix and number. */
#define NUMBER_TEXT62_MAX 11

void home_deinit(Home *home);
int home_init(Home *home, Str node, Str prefix, size_t max_message);

static inline Str home_prefix(const Home *home) {
        return (Str){home->base + home->node_len + 1, home->base_len - home->node_len - 1};
}

/* The number of a port of ours, by its name or by its ID. */
bool home_read_name(const Home *home, Str name, uint64_t *ret);
bool home_read_id(const Home *home, Str id, uint64_t *ret);
/* Writes the number, returns its length. */
size_t home_write_number(char to[NUMBER_TEXT62_MAX], uint64_t number);

/* The node port of the own node: "", "node", "node#". */
bool home_is_node(const Home *home, Str id);
