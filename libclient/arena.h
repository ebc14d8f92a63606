/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Memory that goes all at once
 *
 * What is unpacked from a message lives here: it stays where it is until the message goes.
 */

#include <stddef.h>

#include "wire/str.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
        ArenaBlock *blocks; /* the newest first */
        char *p;            /* free room in it */
        size_t left;
} Arena;

#define ARENA_INIT ((Arena){0})

void arena_deinit(Arena *arena);
/* Empties it; one small block is kept for the next use. */
void arena_reset(Arena *arena);

/* Aligned for anything; NULL without memory. */
void *arena_alloc(Arena *arena, size_t n);
/* A copy with a NUL at its end. */
char *arena_str(Arena *arena, Str s);
