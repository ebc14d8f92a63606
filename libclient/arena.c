/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Memory that goes all at once
 */

#include <stdint.h>
#include <stdlib.h>

#include "libclient/arena.h"

#define BLOCK_SIZE 4096U

struct ArenaBlock {
        ArenaBlock *next;
        size_t size;
        _Alignas(16) char data[];
};

void arena_deinit(Arena *arena) {
        ArenaBlock *next;

        for (ArenaBlock *b = arena->blocks; b; b = next) {
                next = b->next;
                free(b);
        }
        *arena = ARENA_INIT;
}

void arena_reset(Arena *arena) {
        ArenaBlock *keep = arena->blocks;

        if (!keep)
                return;

        if (keep->size > BLOCK_SIZE || keep->next) {
                arena_deinit(arena);
                return;
        }

        arena->p = keep->data;
        arena->left = keep->size;
}

void *arena_alloc(Arena *arena, size_t n) {
        ArenaBlock *block;
        size_t size;
        void *p;

        if (n > SIZE_MAX / 2)
                return NULL;
        n = (n + 15) & ~(size_t) 15;

        if (n > arena->left) {
                size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
                block = malloc(sizeof(*block) + size);
                if (!block)
                        return NULL;

                block->next = arena->blocks;
                block->size = size;
                arena->blocks = block;
                arena->p = block->data;
                arena->left = size;
        }

        p = arena->p;
        arena->p += n;
        arena->left -= n;
        return p;
}

char *arena_str(Arena *arena, Str s) {
        char *p = arena_alloc(arena, s.n + 1);

        if (!p)
                return NULL;

        if (s.n > 0)
                memcpy(p, s.p, s.n);
        p[s.n] = '\0';
        return p;
}
